"""Cases worked out by hand: the examples of laws.md, and edges that random portfolios seldom touch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from builders import calendar, change, decide, depends, engineer, group, level, portfolio, preference, team, when

from scheduler.portfolio import Portfolio


@dataclass(frozen=True)
class HandCase:
    """A schedule, the rules it breaks and, where it was worked out, what it costs in weighted cents."""

    name: str
    portfolio: Portfolio
    starts: Mapping[str, int]
    broken: frozenset[str]
    weighted: int | None


def case(
    name: str, world: Portfolio, starts: Mapping[str, str], broken: Iterable[str] = (), weighted: int | None = None
) -> HandCase:
    slots = {one: world.horizon.floor(when(start)) for one, start in starts.items()}
    return HandCase(name, world, slots, frozenset(broken), weighted)


@cache
def hand_cases() -> list[HandCase]:
    return [
        *_union(),
        *_chances(),
        *_redundancy(),
        *_capacity(),
        *_notice(),
        *_announced(),
        *_decided(),
        *_clock_change(),
        *_grid(),
        *_recorded(),
        *_plain(),
        *_protected(),
        *_outage_minutes(),
        *_moves(),
        *_wishes(),
        *_one_window(),
    ]


def _union() -> list[HandCase]:
    # laws.md, example 1: a slot of an outage is 100 × ½ × 1,000 = 50,000 for blue (weight 2), 10,000 for green. X alone
    # is 2.95 slots of 110,000 weighted cents; Y at 02:30 makes the last two of X's 0.3 and itself ends a slot later.
    world = portfolio(
        changes=[
            change("X", p90=120, backout=60, failure_chance=0.1),
            change("Y", services="db"),
        ],
        dependencies=[depends("app", "db", "DEGRADED")],
        teams=[team("blue", price=1000, level="premium"), team("green", price=1000)],
        levels=[level("premium", weight=2)],
        users={("blue", "app"): 100, ("green", "app"): 20},
    )
    return [
        case("example 1", world, {"X": "Mon 00:00", "Y": "Mon 02:30"}, weighted=379_500),
        case("example 1, Y for free", world, {"X": "Mon 00:00", "Y": "Mon 00:30"}, weighted=324_500),
        case("example 1, apart", world, {"X": "Mon 00:00", "Y": "Mon 03:00"}, weighted=390_500),
    ]


def _chances() -> list[HandCase]:
    # The work lasts an hour for certain and then is backed out with chance q for an hour: two slots of 10,000, then two
    # of q read on the law's levels. Midpoints go up, and what rounds to one in nine decimals is one.
    levels = [
        (0.0499, 0),
        (0.05, 1_000),
        (0.175, 2_500),
        (0.374999, 2_500),
        (0.3749999999, 5_000),
        (0.375, 5_000),
        (0.625, 7_500),
        (0.875, 10_000),
    ]
    return [
        case(
            f"backed out with chance {q}",
            portfolio(
                changes=[change("A", backout=60, failure_chance=q)],
                teams=[team("t", price=1000)],
                users={("t", "app"): 20},
            ),
            {"A": "Mon 02:00"},
            weighted=20_000 + 2 * level,
        )
        for q, level in levels
    ]


def _redundancy() -> list[HandCase]:
    # laws.md, example 2: web loses 40 × ½ × 1,000 = 20,000 in a slot of an outage, a hundredth of it while a member is
    # out. C1, C2 and C3 cover five slots together. C4 takes the group out by itself: two slots of 20,000, then one
    # of C2 alone.
    world = portfolio(
        changes=[
            change("C1", services="m1", optional=True),
            change("C2", services="m1", optional=True),
            change("C3", services="m2", optional=True),
            change("C4", services="m1;m2", optional=True),
            change("C5", services="m3", optional=True),
        ],
        dependencies=[depends("web", "G")],
        groups=[group("G", "m1;m2;m3", min_up=2)],
        teams=[team("red", price=1000)],
        users={("red", "web"): 40},
        redundancy_failure="0.01",
    )
    first = {"C1": "Mon 00:00", "C2": "Mon 00:30"}
    broken = {"redundancy"}
    return [
        case("example 2, one distinct member", world, first, weighted=600),
        case("example 2, two members", world, {**first, "C3": "Mon 01:00"}, broken),
        case("example 2, half-open", world, {**first, "C3": "Mon 01:30"}, weighted=1_000),
        case("example 2, a priced outage", world, {"C4": "Mon 00:00", "C2": "Mon 00:30"}, weighted=40_200),
        case("example 2, two beside it", world, {"C4": "Mon 00:00", "C2": "Mon 00:00", "C5": "Mon 00:30"}, broken),
    ]


def _capacity() -> list[HandCase]:
    # laws.md, example 3: Hall's condition fails for {dba, network} together only.
    people = [engineer("ana", skills="dba;network"), engineer("ben", skills="network")]
    world = portfolio(changes=[change("P", skills="dba;network"), change("Q", skills="network")], engineers=people)
    # On duty is who is there for the whole slot: Ben from 10:15 on serves no slot before 10:30.
    late = [people[0], engineer("ben", skills="network", works="Mon 10:15-18:00")]
    alone = portfolio(changes=[change("P", skills="dba;network")], engineers=late)
    ana = engineer("ana", skills="dba;network", works="Mon 00:30-18:00")
    sleepy = portfolio(changes=[change("P", skills="dba")], engineers=[ana])
    return [
        case("example 3, together", world, {"P": "Mon 00:00", "Q": "Mon 00:30"}, {"capacity"}),
        case("example 3, apart", world, {"P": "Mon 00:00", "Q": "Mon 01:00"}),
        case("half a slot on duty", alone, {"P": "Mon 10:00"}, {"capacity"}),
        case("whole slots on duty", alone, {"P": "Mon 10:30"}),
        case("off duty in the first slot", sleepy, {"P": "Mon 00:00"}, {"capacity"}),
    ]


def _notice() -> list[HandCase]:
    # laws.md, example 4: announced on 2 March in Singapore, so from 7 March there, which begins on 6 March at 16:00.
    world = portfolio(
        changes=[change("A")],
        teams=[team("sin", uses="app", zone="Asia/Singapore", notice=5)],
        now="2027-03-01T23:30Z",
    )
    return [
        case("example 4, in time", world, {"A": "2027-03-06T16:00Z"}),
        case("example 4, too late", world, {"A": "2027-03-06T15:30Z"}, {"notice"}),
    ]


def _announced() -> list[HandCase]:
    # Five days of notice and a `now` of Monday: Tuesday is too soon for anything that is announced only now.
    def world(**fields: Any) -> Portfolio:
        return portfolio(
            changes=[change("A"), change("B", services="db")], teams=[team("t", uses="app", notice=5)], **fields
        )

    def one(**fields: Any) -> Portfolio:
        return portfolio(changes=[change("A", **fields)], teams=[team("t", uses="app", notice=5)])

    def approved(told: str | None, **fields: Any) -> Portfolio:
        return world(decisions=[decide("A", "approve", "Tue 02:00", told)], approved_may_move=True, **fields)

    there, moved = {"A": "Tue 02:00", "B": "Tue 02:00"}, {"A": "Tue 02:30", "B": "Tue 02:00"}
    earlier = {"A": ("Tue 02:00", "2027-02-20T09:00Z")}
    return [
        case("a new window", world(), there, {"notice"}),
        case("announced in time and kept", approved("2027-02-25T09:00Z"), there),
        case("announced in time and moved", approved("2027-02-25T09:00Z"), moved, {"notice"}),
        case("announced too late and kept", approved("2027-02-26T09:00Z"), there, {"notice"}),
        case("announced by an earlier schedule", world(announced=earlier), there),
        case("moved since an earlier schedule", world(announced=earlier), moved, {"notice"}),
        case("approved after an earlier schedule", approved(None, announced=earlier), there),
        case("approved anew", approved("2027-02-28T09:00Z", announced=earlier), there, {"notice"}),
        case(
            "another's announcement",
            world(decisions=[decide("B", "pin", "Tue 02:00", "2027-02-20T09:00Z")]),
            there,
            {"notice"},
        ),
        case("pinned", world(decisions=[decide("A", "pin", "Tue 02:00")]), there),
        case("pinned elsewhere", world(decisions=[decide("A", "pin", "Tue 02:00")]), moved, {"notice", "pins"}),
        case("fixed", one(fixed_start="Tue 02:00"), {"A": "Tue 02:00"}),
        case("an emergency", one(type="emergency"), {"A": "Tue 02:00"}),
        case("without impact", one(impact="NO-IMPACT"), {"A": "Tue 02:00"}),
        case("one member of several", one(impact="REDUCED-REDUNDANCY"), {"A": "Tue 02:00"}),
        case("degraded", one(impact="DEGRADED"), {"A": "Tue 02:00"}, {"notice"}),
    ]


def _decided() -> list[HandCase]:
    # A reserves two hours; of decisions on windows that overlap the later holds.
    def world(*decisions: tuple[str, str], may_move: bool = False) -> Portfolio:
        rows = [decide("A", kind, start) for kind, start in decisions]
        return portfolio(changes=[change("A", p90=90, backout=30)], decisions=rows, approved_may_move=may_move)

    pin, near, far = ("pin", "Tue 02:00"), ("reject", "Tue 03:30"), ("reject", "Tue 04:00")
    return [
        case("pin kept", world(pin), {"A": "Tue 02:00"}),
        case("pin left", world(pin), {"A": "Tue 02:30"}, {"pins"}),
        case("the later pin holds", world(pin, ("pin", "Wed 02:00")), {"A": "Wed 02:00"}),
        case("a rejection lifts a pin it overlaps", world(pin, near), {"A": "Wed 02:00"}),
        case("and no other", world(pin, far), {"A": "Wed 02:00"}, {"pins"}),
        case("rejected to the last slot", world(near), {"A": "Tue 02:00"}, {"rejected windows"}),
        case("rejected from the first slot", world(near), {"A": "Tue 05:00"}, {"rejected windows"}),
        case("up to the rejected window", world(near), {"A": "Tue 01:30"}),
        case("from its end", world(near), {"A": "Tue 05:30"}),
        case("a pin lifts a rejection it overlaps", world(near, pin), {"A": "Tue 02:00"}),
        case("approved is pinned", world(("approve", "Tue 02:00")), {"A": "Tue 02:30"}, {"pins"}),
        case("unless it may move", world(("approve", "Tue 02:00"), may_move=True), {"A": "Tue 02:30"}),
    ]


def _clock_change() -> list[HandCase]:
    # laws.md, example 5: the clocks go forward inside these six wall-clock hours.
    def world(hours: int) -> Portfolio:
        return portfolio(
            changes=[change("A", hours=hours, allowed="sunday")],
            calendars=[calendar("sunday", "allowed", "Sun 00:00-06:00", zone="Europe/London")],
            start="2027-03-22T00:00Z",
            zone="Europe/London",
        )

    return [
        case("example 5, five hours fit", world(5), {"A": "2027-03-28T00:00Z"}),
        case("example 5, six do not", world(6), {"A": "2027-03-28T00:00Z"}, {"allowed"}),
    ]


def _grid() -> list[HandCase]:
    # The London week of the change ends at its midnight, 23:00 UTC.
    short = portfolio(changes=[change("A")], start="2027-03-22T00:00Z", zone="Europe/London", now="2027-03-22T05:10Z")
    return [
        case("reserved to the last slot", short, {"A": "2027-03-28T22:00Z"}),
        case("reserved past the last slot", short, {"A": "2027-03-28T22:30Z"}, {"horizon"}),
        case("after now", short, {"A": "2027-03-22T05:30Z"}),
        case("before now", short, {"A": "2027-03-22T05:00Z"}, {"horizon"}),
    ]


def _recorded() -> list[HandCase]:
    # Two weeks of history up to the night the clocks go forward: as many users as the clock in London shows hours. Next
    # day 10:00 UTC is 11:00 there, and 11 users lose an hour at 100.
    world = portfolio(
        changes=[change("A")], teams=[team("london", uses="app", zone="Europe/London")], start="2027-03-29T00:00Z"
    )
    hours = [datetime(2027, 3, 15, tzinfo=UTC) + timedelta(hours=n) for n in range(2 * 168)]
    usage = pd.DataFrame(
        {
            "team": "london",
            "service": "app",
            "start": pd.DatetimeIndex(hours).as_unit("ns"),
            "minutes": 60,
            "users": [float(hour.astimezone(ZoneInfo("Europe/London")).hour) for hour in hours],
        }
    ).astype({"team": "str", "service": "str"})
    world = replace(world, usage=usage, known_users=None)
    return [case("recorded usage", world, {"A": "2027-03-29T10:00Z"}, weighted=1_100)]


def _plain() -> list[HandCase]:
    world = portfolio(
        changes=[
            change("A", minutes=45, p90=60, earliest="Mon 01:10", due="Mon 05:00", delay=4800),
            change("B", after="A+45m", drop=700),
        ]
    )
    # A reserves two slots; B may start 45 minutes after 02:30, that is from 03:30 on. A waits 20 minutes at 4,800 a
    # day: 66.67 cents.
    return [
        case("lag rounded up", world, {"A": "Mon 01:30", "B": "Mon 03:30"}, weighted=67),
        case("lag not yet over", world, {"A": "Mon 01:30", "B": "Mon 03:00"}, {"precedence"}),
        case("left out", world, {"A": "Mon 04:00"}, weighted=567 + 700),  # 170 minutes: 566.67
        case("past due", world, {"A": "Mon 04:30"}, {"due"}),
        case("before earliest", world, {"A": "Mon 01:00"}, {"earliest"}),
        case("without its predecessor", world, {"B": "Mon 03:30"}, {"precedence", "mandatory"}),
    ]


def _protected() -> list[HandCase]:
    # 09:00-10:00 in Singapore is 01:00-02:00 UTC. A reserves an hour and a half for an hour of work.
    world = portfolio(
        changes=[change("A", backout=30)],
        teams=[team("t", uses="app", level="premium", zone="Asia/Singapore")],
        levels=[level("premium", protected="Mon-Fri 09:00-10:00")],
    )
    broken = {"protected hours"}
    return [
        case("up to protected hours", world, {"A": "Mon 23:30"}),
        case("into protected hours", world, {"A": "Tue 00:00"}, broken),
        case("the last of protected hours", world, {"A": "Tue 01:30"}, broken),
        case("after protected hours", world, {"A": "Tue 02:00"}),
        case("not protected on Saturday", world, {"A": "Sat 01:00"}),
    ]


def _outage_minutes() -> list[HandCase]:
    # laws.md, example 6: X counts 60 minutes of 120, and so do Y and Z; three of them do not fit unless they share.
    def world(zone: str = "UTC", **fields: Any) -> Portfolio:
        return portfolio(
            changes=[change(name, p90=120, backout=60, failure_chance=0.1, drop=0) for name in ("X", "Y", "Z")],
            teams=[team("t", uses="app", level="premium")],
            levels=[level("premium", minutes=120)],
            zone=zone,
            weeks=6,
            **fields,
        )

    here = world()
    # Half an hour back on 4 April: 28 days of Lord Howe from 14 March end in the middle of a slot of 60 minutes, which
    # belongs to them. The six weeks have 1,008 whole hours, as they would in UTC.
    there = world("Australia/Lord_Howe", start="2027-03-14T13:00Z", slot=60)
    first = {"X": "2027-03-20T00:00Z", "Y": "2027-03-22T00:00Z"}
    two, broken = {"X": "Mon 00:00", "Y": "Tue 00:00"}, {"outage minutes"}
    return [
        case("example 6, two fit", here, two),
        case("example 6, three do not", here, {**two, "Z": "Wed 00:00"}, broken),
        case("example 6, unless they share", here, {**two, "Z": "Tue 00:00"}),
        case("example 6, in the next block", here, {**two, "Z": "Mon 00:00 +4w"}),
        case("the last slot of a block", there, {**first, "Z": "2027-04-11T13:00Z"}, broken),
        case("the first slot of the next", there, {**first, "Z": "2027-04-11T14:00Z"}),
    ]


def _moves() -> list[HandCase]:
    # Now is Monday evening, Tuesday morning in Singapore, and the windows were announced for 8 March 02:00 UTC: six
    # days there. A move costs 60 × (1 + 7 / 6) = 130 cents and 48 a day.
    def world(most: int | None = None, **fields: Any) -> Portfolio:
        return portfolio(
            changes=[change("A", drop=5), change("B", drop=7, services="db")],
            announced={name: ("2027-03-08T02:00Z", "2027-02-01T00:00Z") for name in ("A", "B")},
            start="2027-02-28T16:00Z",
            now="2027-03-01T20:00Z",
            zone="Asia/Singapore",
            weeks=2,
            move_cost=60,
            move_cost_per_day=48,
            max_moves=most,
            **fields,
        )

    kept, far = "2027-03-08T02:00Z", "2027-03-10T02:00Z"
    rejected = [decide("A", "reject", "2027-03-08T02:30Z")]
    return [
        case("where it was announced", world(0), {"A": kept, "B": kept}, weighted=0),
        case("one moved by half an hour", world(1), {"A": "2027-03-08T02:30Z", "B": kept}, weighted=131),
        case("two moved", world(2), {"A": far, "B": far}, weighted=2 * (130 + 96)),
        case("two moved, one may", world(1), {"A": far, "B": far}, {"move cap"}, 2 * (130 + 96)),
        case("one moved, one left out", world(1), {"A": far}, weighted=226 + 7),
        case("rejected since", world(0, decisions=rejected), {"A": far, "B": kept}, weighted=0),
        case(
            "rejected beside it", world(0, decisions=[decide("A", "reject", "2027-03-08T03:00Z")]),
            {"A": far, "B": kept}, {"move cap"}, 226,
        ),
    ]  # fmt: skip


def _wishes() -> list[HandCase]:
    # Two hours reserved for one of work. t minds Tuesday 10:00-12:00 at 100 a slot, u prefers the night at 30; app is
    # frozen softly from 11:00 at 7 a slot.
    def world(**fields: Any) -> Portfolio:
        return portfolio(
            changes=[change("A", backout=60), change("B", services="db", optional=True, backout=60)],
            teams=[team("t", uses="app"), team("u", uses="db", zone="Asia/Singapore")],
            calendars=[calendar("late", "blackout", "Tue 11:00-13:00", cost=14, applies_to="service:app")],
            preferences=[
                preference("t", "avoid", "Tue 10:00-12:00", cost=200),
                preference("u", "prefer", "Mon-Sun 00:00-06:00", cost=60),
                preference("u", "never", start="Wed 10:00", end="Wed 10:10"),
            ],
            **fields,
        )

    return [
        case("wishes, before", world(), {"A": "Tue 08:00"}, weighted=0),
        case("wishes, half-way in", world(), {"A": "Tue 09:00"}, weighted=200),
        case("wishes, both", world(), {"A": "Tue 10:30"}, weighted=300 + 21),
        # 10:00-12:00 is the afternoon in Singapore, 20:00-22:00 the night.
        case("wishes of two teams", world(), {"A": "Tue 10:00", "B": "Tue 10:00"}, weighted=400 + 14 + 120),
        case("wishes, preferred hours", world(), {"A": "Tue 08:00", "B": "Tue 20:00"}, weighted=0),
        case("hours ruled out", world(), {"A": "Tue 08:00", "B": "Wed 08:30"}, {"never"}, 120),
        case("up to hours ruled out", world(), {"A": "Wed 08:00", "B": "Wed 08:00"}, weighted=120),
        case("the last slot ruled out", world(), {"A": "Wed 08:00", "B": "Wed 10:00"}, {"never"}, 120),
        case("hours not ruled out", world(), {"A": "Wed 10:00", "B": "Wed 10:30"}, weighted=120),
    ]


def _one_window() -> list[HandCase]:
    world = portfolio(changes=[change("A", drop=1), change("B", drop=2, hours=2, same_as="A"), change("C")])
    broken = {"same window"}
    return [
        case("one window", world, {"A": "Mon 02:00", "B": "Mon 02:00", "C": "Mon 09:00"}, weighted=0),
        case("one window, apart", world, {"A": "Mon 02:00", "B": "Mon 02:30", "C": "Mon 09:00"}, broken),
        case("one window, a slot apart", world, {"A": "Mon 00:00", "B": "Mon 00:30", "C": "Mon 09:00"}, broken),
        case("one window, one left out", world, {"B": "Mon 02:00", "C": "Mon 09:00"}, broken),
        case("one window, both left out", world, {"C": "Mon 09:00"}, weighted=3),
    ]
