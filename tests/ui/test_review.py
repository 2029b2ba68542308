"""What was decided since a plan was made, and when an approval counts as told."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from builders import change, portfolio, schedule, when
from small_plan import Place

from scheduler.inputs.decisions import LoggedDecision
from scheduler.portfolio import Decision
from scheduler.schedule import Placement
from scheduler.ui.review import as_decided, later_rows, read_plan, standings, told_at

EARLY, LATE = datetime(2027, 2, 20, 9, tzinfo=UTC), datetime(2027, 2, 21, 9, tzinfo=UTC)
Kind = Literal["pin", "approve", "reject"]


def row(kind: Kind, start: str = "Tue 01:00", told: datetime | None = None) -> Decision:
    return Decision(change="A", kind=kind, start=when(start), announced_at=told)


@pytest.mark.parametrize(
    ("rows", "told", "later"),
    [
        ([], None, 0),
        ([row("reject")], None, 1),
        # The window is an hour and a half, so one that begins an hour later overlaps it, two hours later does not.
        ([row("reject", "Tue 02:00")], None, 1),
        ([row("reject", "Tue 03:00")], None, 0),
        ([row("approve", told=EARLY)], None, 1),
        # An approval that the plan obeys: it was announced then.
        ([row("approve", told=EARLY)], EARLY, 0),
        ([row("reject"), row("approve", told=EARLY)], EARLY, 0),
        ([row("approve", told=EARLY), row("reject")], EARLY, 1),
        ([row("approve", told=EARLY), row("reject"), row("approve", told=LATE)], EARLY, 2),
        # Of another window than the one it has now.
        ([row("approve", "Mon 01:00", EARLY)], None, 0),
        ([row("pin")], None, 0),
    ],
)
def test_what_a_plan_does_not_know_of_yet(rows: Sequence[Decision], told: datetime | None, later: int) -> None:
    p = portfolio(changes=[change("A", p90=90)])
    (placement,) = schedule(p, {"A": "Tue 01:00"}).placements
    assert later_rows(p, replace(placement, announced_at=told), rows) == list(rows)[len(rows) - later :]


def logged(place: Place, kind: Kind, told: datetime | None = None) -> LoggedDecision:
    start = place.read().placed["A"].start
    return LoggedDecision(decision=Decision(change="A", kind=kind, start=start, announced_at=told), by="Ann")


def test_the_last_decision_on_a_window_counts(planned_once: Place) -> None:
    shown = planned_once.read()
    approved, rejected = logged(planned_once, "approve", EARLY), logged(planned_once, "reject")
    for log, state in (([], "proposed"), ([approved], "approved"), ([approved, rejected], "rejected")):
        now = standings(shown, log)
        assert set(now) == {"A", "B", "D"}
        assert (now["A"].state, now["A"].waits, now["A"].known) == (state, bool(log), len(log))
        assert now["A"].last == (log[-1] if log else None)
        assert now["B"].state == "proposed"


def test_calendars_know_what_was_decided_since(planned_once: Place) -> None:
    shown = planned_once.read()
    assert as_decided(shown, []) == shown.result.schedule
    (told,) = (
        one for one in as_decided(shown, [logged(planned_once, "approve", EARLY)]).placements if one.change == "A"
    )
    assert told == replace(shown.placed["A"], announced_at=EARLY)
    assert "A" not in as_decided(shown, [logged(planned_once, "reject")]).by_change


def test_decisions_after_planning_are_not_taken_for_part_of_the_plan(place: Place) -> None:
    start = place.read().placed["A"].start
    row = f"change,kind,start\nA,reject,{start:%Y-%m-%dT%H:%MZ}\n"
    (place.out / "decisions.csv").write_text(row)
    shown = read_plan(place.out)
    assert shown.portfolio.decisions == ()
    assert not shown.stale
    # Its own window is not forbidden to it; the next plan is another matter.
    price = shown.explain("A")[1]
    assert price.slot is not None
    assert not any(mask[price.slot] for mask in price.forbidden.values())
    assert not place.plan().placed["A"].reserved.overlaps(shown.placed["A"].reserved)


def test_an_approval_announces_now_before_the_window_begins(planned_once: Place) -> None:
    shown = planned_once.read()
    placement: Placement = shown.placed["A"]
    moment = timedelta(seconds=1, microseconds=7)
    assert told_at(shown, placement, placement.start - moment) == placement.start - timedelta(seconds=2)
    assert told_at(shown, placement, placement.start) is None
    assert told_at(shown, placement, placement.start + moment) is None
    # A horizon that is over is a rehearsal, in which it is still the day of planning.
    assert told_at(shown, placement, shown.portfolio.horizon.end) == shown.portfolio.now
