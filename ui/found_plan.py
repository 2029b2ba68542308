"""What a run found, beside the plan as things stand: what moves, why, what that saves, and whom it disturbs."""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import RLock
from typing import Any

import pandas as pd

from scheduler.desk.accepting import Accepted, accepted
from scheduler.desk.access import RefusedError
from scheduler.desk.difference import Difference, Differs, Kind, difference, differing
from scheduler.desk.plans import document_of, shifts_in, with_engineers
from scheduler.desk.store import StoreError
from scheduler.inputs.cells import parse_time
from scheduler.portfolio import Portfolio
from scheduler.schedule import Schedule, place
from scheduler.summary import count_text
from scheduler.wording import instant_text, listing, money_text

from .desk import Desk
from .heat import row_labels
from .review import UnusableError
from .text import visible

MOST_PRICED = 40
"""Changes that are priced by themselves without being asked about one by one: each takes as long as a bill of all."""
MOST_NAMED, MOST_KEPT = 4, 4
DIFFERS_COLUMNS = ("change", "title", "what", "before", "after", "told", "saves", "why", "disturbs")


@dataclass(frozen=True, eq=False)
class Found:
    """The plan that a run found (`after`) and the plan as things stand (`before`), judged as things are now."""

    run: int
    schedule: int
    portfolio: Portfolio
    before: Schedule
    after: Schedule

    @cached_property
    def kinds(self) -> Mapping[str, Kind]:
        """The changes that differ, and how."""
        return differing(self.portfolio, self.before, self.after)

    @cached_property
    def whole(self) -> Difference:
        """Both plans in figures, and every change that differs where there are not too many."""
        only = None if len(self.kinds) <= MOST_PRICED else ()
        return difference(self.portfolio, self.before, self.after, only=only)

    def looked_at(self, change: str) -> Differs | None:
        """Give one change that differs with its price and its teams."""
        known = next((one for one in self.whole.changes if one.change == change), None)
        if known is None and change in self.kinds:
            (known,) = difference(self.portfolio, self.before, self.after, only=[change]).changes
        return known

    def part(self, chosen: Collection[str]) -> Accepted:
        """Give the plan with some of what was found."""
        return accepted(self.portfolio, self.before, self.after, sorted(chosen))


def found_plan(portfolio: Portfolio, before: Schedule, document: Mapping[str, Any], run: int, schedule: int) -> Found:
    """Read what a run found; `document` is its schedule.json, `portfolio` and `before` are as things stand."""
    placements = [
        place(portfolio, one["change"], parse_time(one["start"]))
        for one in document["placements"]
        if one["change"] in portfolio.changes
    ]
    return Found(run, schedule, portfolio, before, with_engineers(Schedule(tuple(placements)), shifts_in(document)))


def differs_table(found: Found) -> pd.DataFrame:
    """Give one row per change that differs, announced ones first, with `DIFFERS_COLUMNS`.

    `saves`, `why` and `disturbs` are empty where there are too many to price at once.
    """
    zone, currency = found.portfolio.policy.time_zone, found.portfolio.policy.currency
    priced = {one.change: one for one in found.whole.changes}
    old, new = found.before.by_change, found.after.by_change
    rows = []
    for change, kind in found.kinds.items():
        one, was, will = priced.get(change), old.get(change), new.get(change)
        told = was is not None and was.announced_at is not None
        saved = (
            "" if one is None else money_text(one.saved_cents, currency) if one.saved_cents is not None else "needed"
        )
        rows.append(
            {
                "change": change,
                "title": visible(found.portfolio.changes[change].title),
                "what": kind,
                "before": "no window" if was is None else instant_text(was.start, zone),
                "after": "no window" if will is None else instant_text(will.start, zone),
                "told": "● told" if told else "",
                "saves": saved,
                "why": "" if one is None else visible(why_in_short(one)),
                "disturbs": "" if one is None else disturbed_text(found.portfolio, one),
            }
        )
    rows.sort(key=lambda row: (not row["told"], row["change"]))
    return pd.DataFrame(rows, columns=list(DIFFERS_COLUMNS))


def why_in_short(one: Differs) -> str:
    """Say why a change is not as it was, beside what that saves."""
    if one.broken:
        return f"as it was it would break {one.broken[0].rule}: {one.broken[0].text}"
    cents = one.saved_cents or 0
    if cents > 0:
        return "it costs less there, all others as they are"
    return "others gain by it" if cents < 0 else "it costs the same, and makes room"


def disturbed_text(portfolio: Portfolio, one: Differs) -> str:
    """Say which teams a change concerns, and who of them hears of it late."""
    names = row_labels(portfolio, "team")
    if not one.teams:
        return "nobody"
    late = [names[team.team] for team in one.teams if team.is_late]
    text = listing([names[team.team] for team in one.teams], MOST_NAMED)
    return f"{text}; too late for {listing(late, MOST_NAMED)}" if late else text


def teams_table(portfolio: Portfolio, one: Differs) -> pd.DataFrame:
    """Give every team that a change concerns: what it loses more, and the notice it gets."""
    names, currency = row_labels(portfolio, "team"), portfolio.policy.currency
    return pd.DataFrame(
        [
            {
                "team": names[team.team],
                "loses more": money_text(team.cents, currency),
                "notice": "" if team.notice_days is None else count_text(team.notice_days, "day"),
                "promised": "" if team.promised is None else count_text(team.promised, "day"),
                "told before": "of another window" if team.told_before else "",
            }
            for team in one.teams
        ],
        columns=["team", "loses more", "notice", "promised", "told before"],
    )


_kept: "OrderedDict[tuple[str, int], Found]" = OrderedDict()
_alone = RLock()


def latest_found(desk: Desk, run: int, schedule: int) -> Found | str:
    """Give what a run found beside the plan as things stand, worked out once for both; or say why it cannot be."""
    try:
        plan = desk.moment().plan()
    except UnusableError as error:
        return str(error)
    key = (plan.id, schedule)
    with _alone:
        if key not in _kept:
            try:
                with desk.at.store.reading() as connection:
                    document = document_of(connection, schedule)
            except (RefusedError, StoreError) as error:
                return str(error)
            _kept[key] = found_plan(plan.portfolio, plan.result.schedule, document, run, schedule)
            while len(_kept) > MOST_KEPT:
                _kept.popitem(last=False)
        return _kept[key]
