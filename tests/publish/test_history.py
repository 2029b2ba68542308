"""Feeds over time: what moves, what is cancelled, what stays, and what clients can tell from it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
import strict_ical
from builders import MONDAY, blackout, change, depends, service, team
from hypothesis import given, settings
from hypothesis import strategies as st
from publish.feed_world import DOMAIN, FEEDS, FIRST, archive, at, compare, edition, revision, world

from scheduler.portfolio import Portfolio
from scheduler.publish.contents import Kind, Status
from scheduler.publish.history import KEPT, Archive, Edition, Revision, WindowHistory
from scheduler.publish.stream import Detail, stream

TOLD = (revision(Status.TENTATIVE, at(1), 0), revision(Status.CONFIRMED, at(2), 1))


def seen(
    source: Archive, now: datetime, kind: Kind = "team", scope: str = "Blue", *, proposals: bool = False
) -> strict_ical.Component:
    return strict_ical.read(stream(source.feed(kind, scope, now, proposals=proposals)))


def only(source: Archive, now: datetime, kind: Kind = "team", scope: str = "Blue") -> strict_ical.Component:
    (one,) = seen(source, now, kind, scope).parts
    return one


def one_window(*revisions: Revision, later: Sequence[Edition] = (), made: Portfolio | None = None) -> Archive:
    return archive(made, [WindowHistory(id="w-1", revisions=revisions)], later)


def test_a_proposal_is_shown_to_whoever_asks() -> None:
    source = one_window(TOLD[0])
    assert seen(source, at(1)).parts == []
    (one,) = seen(source, at(1), proposals=True).parts
    assert one.one("SUMMARY").startswith("Proposed: ")
    assert (one.one("STATUS"), one.one("TRANSP")) == ("TENTATIVE", "TRANSPARENT")


def test_a_move_keeps_the_uid_and_raises_the_sequence() -> None:
    before = only(one_window(*TOLD), at(2))
    after = only(one_window(*TOLD, revision(Status.CONFIRMED, at(3), 2, "Tue 02:00")), at(3))
    assert before.one("UID") == after.one("UID") == f"w-1@{DOMAIN}"
    assert (before.one("SEQUENCE"), after.one("SEQUENCE")) == ("1", "2")
    assert (before.one("DTSTART"), after.one("DTSTART")) == ("20270301T020000Z", "20270302T020000Z")
    assert after.one("DTSTAMP") == after.one("LAST-MODIFIED") == "20270201T120000Z"


def test_a_cancelled_window_is_marked_until_its_end_and_then_leaves() -> None:
    source = one_window(*TOLD, revision(Status.CANCELLED, at(5), 2))
    end = MONDAY + timedelta(hours=5, minutes=30)
    one = only(source, end - timedelta(seconds=1))
    assert (one.one("STATUS"), one.one("TRANSP"), one.one("SEQUENCE")) == ("CANCELLED", "TRANSPARENT", "2")
    assert one.one("SUMMARY") == "CANCELLED: Order entry unavailable"
    assert one.one("DESCRIPTION").startswith("This is cancelled")
    assert one.one("DTEND") == "20270301T053000Z"
    gone = seen(source, end)
    assert gone.parts == []
    assert gone.one("LAST-MODIFIED") == "20270301T053000Z"


def test_work_that_goes_on_and_is_done_stays_confirmed_for_a_while_after_its_end() -> None:
    running = (*TOLD, revision(Status.IN_PROCESS, MONDAY + timedelta(hours=2), 2))
    done = one_window(*running, revision(Status.COMPLETED, MONDAY + timedelta(hours=4), 3))
    assert only(one_window(*running), MONDAY + timedelta(hours=3)).one("STATUS") == "CONFIRMED"
    assert only(done, MONDAY + timedelta(days=30)).one("STATUS") == "CONFIRMED"
    last = MONDAY + timedelta(hours=5, minutes=30) + KEPT
    assert seen(done, last - timedelta(seconds=1)).parts
    assert not seen(done, last).parts
    assert done.next_leave(last - timedelta(seconds=1)) == last
    (notice,) = strict_ical.read(stream(done.feed("team", "Blue", MONDAY + timedelta(hours=5)), "maintnote")).parts
    assert notice.one("X-MAINTNOTE-STATUS") == "COMPLETED"


def test_whoever_is_no_longer_concerned_sees_it_cancelled_and_all_feeds_agree_on_the_sequence() -> None:
    spared = edition(2, at(10), world(dependencies=[depends("search", "db", "DEGRADED")]))
    source = one_window(*TOLD, later=[spared])
    blue, everybody = only(source, at(10)), only(source, at(10), "all", "")
    assert (blue.one("STATUS"), everybody.one("STATUS")) == ("CANCELLED", "CONFIRMED")
    assert blue.one("SEQUENCE") == everybody.one("SEQUENCE") == "2"
    assert blue.one("DTSTAMP") == everybody.one("DTSTAMP") == "20270201T190000Z"
    back = one_window(*TOLD, later=[spared, edition(3, at(20), world())])
    assert (only(back, at(20)).one("STATUS"), only(back, at(20)).one("SEQUENCE")) == ("CONFIRMED", "3")


def test_new_words_are_dated_but_no_revision() -> None:
    made = world()
    renamed = replace(made, services=dict(made.services) | {"app": replace(made.services["app"], name="Orders")})
    source = one_window(*TOLD, later=[edition(2, at(10), renamed)])
    blue, green = only(source, at(10)), only(source, at(10), "team", "Green")
    assert (blue.one("SUMMARY"), blue.one("SEQUENCE")) == ("Orders unavailable", "1")
    assert blue.one("LAST-MODIFIED") == "20270201T190000Z"
    # What Green is told has not changed.
    assert green.one("LAST-MODIFIED") == "20270201T110000Z"


def test_a_change_that_the_portfolio_lost_keeps_its_words() -> None:
    source = one_window(
        *TOLD,
        revision(Status.CANCELLED, at(10), 2, edition=2),
        later=[edition(2, at(10), world(changes=[change("CHG-2", services="mail")]))],
    )
    assert only(source, at(10)).one("SUMMARY") == "CANCELLED: Order entry unavailable"


def test_a_new_name_of_a_team_changes_the_calendar() -> None:
    made = world()
    renamed = replace(made, teams=dict(made.teams) | {"Blue": replace(made.teams["Blue"], name="Azure")})
    feed = seen(one_window(*TOLD, later=[edition(2, at(10), renamed)]), at(10))
    assert feed.one("NAME") == feed.one("X-WR-CALNAME") == "Maintenance for Azure"
    assert feed.one("LAST-MODIFIED") == "20270201T190000Z"


def test_the_domain_of_a_uid_is_that_of_its_first_day() -> None:
    made = world()
    moved = replace(made, policy=replace(made.policy, domain="new.example.com"))
    late = WindowHistory(id="w-2", revisions=(revision(Status.CONFIRMED, at(11), 0, "Thu 02:00", edition=2),))
    source = archive(None, [WindowHistory(id="w-1", revisions=TOLD), late], [edition(2, at(10), moved)])
    assert [one.one("UID") for one in seen(source, at(12)).parts] == [f"w-1@{DOMAIN}", "w-2@new.example.com"]


def test_freezes_are_days_where_they_are_days_and_are_lifted_visibly() -> None:
    made = world()
    source = one_window(*TOLD)
    whole, hours = seen(source, at(1), "blackouts", "").parts
    assert (whole.one("DTSTART"), whole.one("DTEND")) == ("20270303", "20270304")
    assert (hours.one("DTSTART"), hours.one("DTEND")) == ("20270305T170000Z", "20270305T193000Z")
    assert whole.one("CATEGORIES") == "FREEZE"
    assert whole.one("TRANSP") == "OPAQUE"
    longer = replace(made, calendars={"freeze": blackout("Wed 00:00", "Fri 00:00")})
    lifted = one_window(*TOLD, later=[edition(2, at(10), longer)])
    whole, hours = seen(lifted, at(10), "blackouts", "").parts
    assert (whole.one("DTEND"), whole.one("SEQUENCE")) == ("20270305", "1")
    assert (hours.one("STATUS"), hours.one("SEQUENCE")) == ("CANCELLED", "1")
    assert not any("X-MAINTNOTE" in name for name, _, _ in whole.properties)


# --- random histories ------------------------------------------------------------------------------------------------

_STARTS = [MONDAY + timedelta(hours=hours) for hours in (2, 26, 50, 74)]


def _editions() -> dict[str, Portfolio]:
    made = world()
    return {
        "as before": made,
        "renamed": replace(made, services=dict(made.services) | {"app": replace(made.services["app"], name="Orders")}),
        "spared": world(dependencies=[depends("search", "db", "DEGRADED")]),
        "no search": world(dependencies=[depends("app", "db")]),
        "lost": world(changes=[change("CHG-2", services="mail")]),
        "new team": world(
            teams=[team("Blue", zone="Europe/London"), team("Green"), team("Red", uses="db")],
            services=[service("app"), service("db")],
        ),
    }


@dataclass
class Story:
    """A history as it grows: what is asked for that cannot be is left out."""

    revisions: dict[str, tuple[Revision, ...]]
    editions: list[Edition]

    def step(self, now: datetime, action: str, name: str, start: datetime, taken: str) -> None:
        past = self.revisions.get(name, ())
        last = past[-1] if past else None
        if action == "import":
            self.editions.append(edition(len(self.editions) + 1, now, _EDITIONS[taken]))
        elif action == "propose" and last is None:
            self._add(name, now, Status.TENTATIVE, start)
        elif last is not None and last.status is not Status.CANCELLED:
            begin = last.placement.start
            following = {
                "approve": (Status.CONFIRMED, begin, last.status is Status.TENTATIVE),
                "move": (last.status, start, last.status is not Status.COMPLETED and start != begin),
                "cancel": (Status.CANCELLED, begin, last.status is not Status.COMPLETED),
                "start": (Status.IN_PROCESS, begin, last.status is Status.CONFIRMED),
                "finish": (Status.COMPLETED, begin, last.status is Status.IN_PROCESS),
            }
            status, begin, possible = following.get(action, (last.status, begin, False))
            if possible:
                self._add(name, now, status, begin)

    def _add(self, name: str, now: datetime, status: Status, start: datetime) -> None:
        past = self.revisions.get(name, ())
        made = revision(status, now, len(past), start, edition=self.editions[-1].number)
        self.revisions[name] = (*past, made)

    def archive(self) -> Archive:
        histories = [WindowHistory(id=name, revisions=one) for name, one in self.revisions.items()]
        return Archive(list(self.editions), histories)


_EDITIONS = _editions()
_ACTIONS = ("propose", "approve", "move", "cancel", "cancel", "start", "finish", "import", "import")
steps = st.tuples(
    st.integers(min_value=1, max_value=9 * 24 * 60),  # minutes since the step before
    st.sampled_from(_ACTIONS),
    st.sampled_from(["w-1", "w-2"]),
    st.sampled_from(_STARTS),
    st.sampled_from(sorted(_EDITIONS)),
)
Looks = dict[tuple[Kind, str, Detail, bool], strict_ical.Component]


def look(source: Archive, now: datetime) -> Looks:
    wanted: list[tuple[Kind, str, Detail, bool]] = [
        (kind, scope, "full", proposals) for kind, scope in (*FEEDS, ("team", "Red")) for proposals in (False, True)
    ]
    wanted += [("team", "Blue", "maintnote", False), ("all", "", "maintnote", True), ("team", "Blue", "busy", False)]
    return {
        (kind, scope, detail, proposals): strict_ical.read(
            stream(source.feed(kind, scope, now, proposals=proposals), detail)
        )
        for kind, scope, detail, proposals in wanted
    }


@settings(deadline=None, max_examples=25)
@given(st.lists(steps, min_size=1, max_size=9))
def test_any_history_moves_and_cancels_as_it_should(taken: list[tuple[int, str, str, datetime, str]]) -> None:
    story, now = Story({"w-1": TOLD}, [edition(1, FIRST, _EDITIONS["as before"])]), at(2)
    before = look(story.archive(), now)
    for minutes, *step in taken:
        now += timedelta(minutes=minutes)
        # Time alone: what has not ended stays as it is.
        waited = look(story.archive(), now - timedelta(seconds=1))
        story.step(now, *step)  # type: ignore[arg-type]
        source = story.archive()
        after = look(source, now)
        for key, feed in after.items():
            compare(before[key], waited[key], now - timedelta(seconds=1))
            compare(waited[key], feed, now)
        sequences = {
            (one.one("UID"), one.one("SEQUENCE"))
            for (kind, *_), feed in after.items()
            if kind != "blackouts"
            for one in feed.parts
        }
        assert len(sequences) == len({uid for uid, _ in sequences}), "two feeds disagree on a window"
        before = after
    again, source = story.archive(), story.archive()
    assert all(stream(again.feed(kind, scope, now)) == stream(source.feed(kind, scope, now)) for kind, scope in FEEDS)


@pytest.mark.parametrize("kind", ["team", "service", "engineer", "all"])
def test_a_feed_of_somebody_unknown_is_empty(kind: Kind) -> None:
    feed = seen(archive(given=[]), at(1), kind, "nobody")
    assert feed.parts == []
    assert feed.one("LAST-MODIFIED") == "20270201T090000Z"
