"""Both clock changes in three zones: lengths, wall-clock rules, prices and local times, worked out by hand.

| night | offset before, after | clocks change at (UTC) |
| --- | --- | --- |
| London, 28 March 2027 | 0, +1 | 27-28 March, 01:00 |
| London, 31 October 2027 | +1, 0 | 31 October, 01:00 |
| New York, 14 March 2027 | -5, -4 | 14 March, 07:00 |
| New York, 7 November 2027 | -4, -5 | 7 November, 06:00 |
| Sydney, 3 October 2027 | +10, +11 | 2 October, 16:00 |
| Sydney, 4 April 2027 | +11, +10 | 3 April, 16:00 |
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from builders import blackout, calendar, change, portfolio, schedule, team, when

from scheduler.costs import downtime
from scheduler.horizon import WeeklyHours, Window
from scheduler.inputs import load
from scheduler.portfolio import Portfolio
from scheduler.schedule import schedule_of
from scheduler.solver.solve import solve
from scheduler.verify import bill, verify
from scheduler.wording import window_text


@dataclass(frozen=True)
class Night:
    """A Sunday on which the clocks change, with what follows from it."""

    zone: str
    monday: str  # local midnight that begins the week
    midnight: str  # local midnight of the Sunday
    week_hours: int
    hours_of_clock: Sequence[int]  # what local clocks show at the first five real hours of the Sunday
    night_hours: int  # real hours from 00:00 to 06:00
    closed: tuple[str, str]  # 01:00-03:00, in UTC
    shown: str  # the first three real hours of the Sunday, for people


NIGHTS = [
    Night(
        zone="Europe/London",
        monday="2027-03-22T00:00Z",
        midnight="2027-03-28T00:00Z",
        week_hours=167,
        hours_of_clock=[0, 2, 3, 4, 5],
        night_hours=5,
        closed=("2027-03-28T01:00Z", "2027-03-28T02:00Z"),  # 01:00 is skipped and moves to 02:00
        shown="Sun 28 Mar 2027 00:00 GMT to 04:00 BST",
    ),
    Night(
        zone="Europe/London",
        monday="2027-10-24T23:00Z",
        midnight="2027-10-30T23:00Z",
        week_hours=169,
        hours_of_clock=[0, 1, 1, 2, 3],
        night_hours=7,
        closed=("2027-10-31T00:00Z", "2027-10-31T03:00Z"),  # from the first 01:00
        shown="Sun 31 Oct 2027 00:00 BST to 02:00 GMT",
    ),
    Night(
        zone="America/New_York",
        monday="2027-03-08T05:00Z",
        midnight="2027-03-14T05:00Z",
        week_hours=167,
        hours_of_clock=[0, 1, 3, 4, 5],
        night_hours=5,
        closed=("2027-03-14T06:00Z", "2027-03-14T07:00Z"),
        shown="Sun 14 Mar 2027 00:00 EST to 04:00 EDT",
    ),
    Night(
        zone="America/New_York",
        monday="2027-11-01T04:00Z",
        midnight="2027-11-07T04:00Z",
        week_hours=169,
        hours_of_clock=[0, 1, 1, 2, 3],
        night_hours=7,
        closed=("2027-11-07T05:00Z", "2027-11-07T08:00Z"),
        shown="Sun 7 Nov 2027 00:00 EDT to 02:00 EST",
    ),
    Night(
        zone="Australia/Sydney",
        monday="2027-09-26T14:00Z",
        midnight="2027-10-02T14:00Z",
        week_hours=167,
        hours_of_clock=[0, 1, 3, 4, 5],
        night_hours=5,
        closed=("2027-10-02T15:00Z", "2027-10-02T16:00Z"),
        shown="Sun 3 Oct 2027 00:00 AEST to 04:00 AEDT",
    ),
    Night(
        zone="Australia/Sydney",
        monday="2027-03-28T13:00Z",
        midnight="2027-04-03T13:00Z",
        week_hours=169,
        hours_of_clock=[0, 1, 2, 2, 3],
        night_hours=7,
        closed=("2027-04-03T14:00Z", "2027-04-03T17:00Z"),
        shown="Sun 4 Apr 2027 00:00 AEDT to 02:00 AEST",
    ),
]
every_night = pytest.mark.parametrize("night", NIGHTS, ids=lambda night: f"{night.zone} {night.midnight[:10]}")


def hours_after(start: str, hours: float) -> datetime:
    return when(start) + timedelta(hours=hours)


def recorded(world: Portfolio, night: Night) -> Portfolio:
    """Two weeks of history in which as many people work as the local clock shows hours."""
    hours = [when(night.monday) - timedelta(hours=n) for n in range(2 * 168, 0, -1)]
    users = [float(hour.astimezone(ZoneInfo(night.zone)).hour) for hour in hours]
    usage = pd.DataFrame({"team": "t", "service": "app", "start": hours, "minutes": 60, "users": users})
    usage = usage.astype({"team": "str", "service": "str", "start": "datetime64[ns, UTC]"})
    return replace(world, usage=usage, known_users=None)


@every_night
def test_the_week_is_as_long_as_it_is(night: Night) -> None:
    horizon = portfolio(start=night.monday, zone=night.zone).horizon
    assert horizon.slots == 2 * night.week_hours
    assert horizon.end == hours_after(night.monday, night.week_hours)
    assert horizon.end.astimezone(ZoneInfo(night.zone)).strftime("%a %H:%M") == "Mon 00:00"
    # A window may end with the week, and not half an hour later.
    world = portfolio(changes=[change("A")], start=night.monday, zone=night.zone)
    last = horizon.end - timedelta(hours=1)
    assert verify(world, schedule(world, {"A": last})) == []
    late = verify(world, schedule(world, {"A": last + timedelta(minutes=30)}))
    assert [violation.rule for violation in late] == ["horizon"]


@every_night
def test_lengths_are_real_and_local_times_are_right(night: Night) -> None:
    world = portfolio(changes=[change("A", hours=2, backout=60)], start=night.monday, zone=night.zone)
    (placement,) = schedule(world, {"A": night.midnight}).placements
    assert placement.end == hours_after(night.midnight, 2)
    assert placement.reserved_until == hours_after(night.midnight, 3)
    assert window_text(placement.reserved, night.zone) == night.shown


@every_night
def test_prices_follow_the_local_clock(night: Night) -> None:
    # Four hours out at 1.00 per user-hour: the sum of what the local clock shows in them, in whole units.
    world = portfolio(
        changes=[change("A", hours=4)],
        teams=[team("t", uses="app", zone=night.zone)],
        start=night.monday,
        zone=night.zone,
    )
    world = recorded(world, night)
    charges = list(downtime.COST.bill(world, schedule(world, {"A": night.midnight})))
    assert sum(charge.cents for charge in charges) == 100 * sum(night.hours_of_clock[:4])
    assert [(c.start, c.end) for c in charges] in (
        [(when(night.midnight), hours_after(night.midnight, 4))],
        [(hours_after(night.midnight, 1), hours_after(night.midnight, 4))],  # the hour of no users is no row
    )


@every_night
def test_weekly_hours_keep_to_the_wall_clock(night: Night) -> None:
    horizon = portfolio(start=night.monday, zone=night.zone, weeks=2).horizon
    (window, _) = WeeklyHours.parse("Sun 00:00-06:00").windows(night.zone, horizon.window)
    assert window == Window(when(night.midnight), hours_after(night.midnight, night.night_hours))
    (closed, _) = WeeklyHours.parse("Sun 01:00-03:00").windows(night.zone, horizon.window)
    assert closed == Window(*map(when, night.closed))


@every_night
def test_blackouts_keep_to_the_wall_clock(night: Night) -> None:
    freeze = blackout("Sun 01:00", "Sun 03:00", zone=night.zone)
    world = portfolio(changes=[change("A")], blackouts=[freeze], start=night.monday, zone=night.zone)
    begin, end = map(when, night.closed)
    for start, legal in [
        (begin - timedelta(hours=1), True),
        (begin - timedelta(minutes=30), False),
        (end - timedelta(minutes=30), False),
        (end, True),
    ]:
        assert [v.rule for v in verify(world, schedule(world, {"A": start}))] == ([] if legal else ["blackout"])


@every_night
def test_only_what_fits_the_real_night_fits(night: Night) -> None:
    nights = calendar("nights", "allowed", "Sun 00:00-06:00", zone=night.zone)
    for hours, status in [(night.night_hours, "OPTIMAL"), (night.night_hours + 1, "INFEASIBLE")]:
        world = portfolio(
            changes=[change("A", hours=hours, allowed="nights")],
            calendars=[nights],
            start=night.monday,
            zone=night.zone,
        )
        result = solve(world, deterministic=0.5)
        assert result.status == status
        starts = [placement.start for placement in result.schedule.placements]
        assert starts == ([when(night.midnight)] if status == "OPTIMAL" else [])


@every_night
def test_the_cheapest_hour_is_found_on_the_local_clock(night: Night) -> None:
    # Of the real hours that begin at 02:00 local or later that night the cheapest is the first; where the clocks skip
    # 02:00 that is 03:00 (New York, Sydney), and where they repeat it either pass costs the same and the earlier wins.
    clock = list(night.hours_of_clock)
    first = next(number for number, hour in enumerate(clock) if hour >= 2)
    world = portfolio(
        changes=[change("A", earliest=hours_after(night.midnight, first))],
        teams=[team("t", uses="app", zone=night.zone)],
        start=night.monday,
        zone=night.zone,
    )
    result = solve(recorded(world, night), deterministic=0.5)
    assert [placement.start for placement in result.schedule.placements] == [hours_after(night.midnight, first)]
    assert result.cost_cents == 100 * clock[first]


@every_night
def test_notice_counts_calendar_days(night: Night) -> None:
    # Told at half past midnight of the short or long Sunday, a day before: from the next midnight on.
    world = portfolio(
        changes=[change("A")],
        teams=[team("t", uses="app", zone=night.zone, notice=1)],
        start=night.monday,
        now=hours_after(night.midnight, 0.5),
        zone=night.zone,
        weeks=2,
    )
    monday = when(night.monday) + timedelta(hours=night.week_hours)
    assert verify(world, schedule(world, {"A": monday})) == []
    early = verify(world, schedule(world, {"A": monday - timedelta(minutes=30)}))
    assert [violation.rule for violation in early] == ["notice"]


@every_night
def test_delay_and_lags_are_real_time(night: Night) -> None:
    # 24.00 a day is 1.00 an hour: from midnight to six on the wall clock 5 or 7 hours. B may follow two real hours on.
    world = portfolio(
        changes=[change("A", earliest=night.midnight, delay=2400), change("B", after="A+120m")],
        start=night.monday,
        zone=night.zone,
        weeks=2,
    )
    six = hours_after(night.midnight, night.night_hours)
    assert six.astimezone(ZoneInfo(night.zone)).strftime("%H:%M") == "06:00"
    charges = bill(world, schedule(world, {"A": six, "B": hours_after(night.midnight, night.night_hours + 3)}))
    assert [(charge.cost, charge.cents) for charge in charges] == [("delay", 100 * night.night_hours)]
    for hours, broken in [(3.0, []), (2.5, ["precedence"])]:
        starts = {"A": when(night.midnight), "B": hours_after(night.midnight, hours)}
        assert [v.rule for v in verify(world, schedule_of(world, starts))] == broken


def test_half_an_hour_in_lord_howe() -> None:
    # 3 October 2027: at 02:00 (+10:30) clocks go to 02:30 (+11). 01:00-03:00 there lasts an hour and a half.
    horizon = portfolio(start="2027-09-26T13:30Z", zone="Australia/Lord_Howe").horizon
    assert horizon.slots == 335
    (closed,) = WeeklyHours.parse("Sun 01:00-03:00").windows("Australia/Lord_Howe", horizon.window)
    assert closed == Window(when("2027-10-02T14:30Z"), when("2027-10-02T16:00Z"))


FOLDER = {
    "policy.toml": 'name = "Clocks"\nstart = "{start}"\nnow = "{start}"\nweeks = 1\ntime_zone = "{zone}"\n',
    "teams.csv": "team,cost_per_user_hour,time_zone,uses,contact\nt,1.00,{zone},app,Tess\n",
    "services.csv": "service\napp\n",
    "changes.csv": "change,services,duration_minutes,earliest\nA,app,60,{earliest}\n",
    "usage.csv": "team,service,start,users\n{usage}",
}


def read(tmp_path: Path, **values: str) -> Portfolio:
    for name, text in FOLDER.items():
        (tmp_path / name).write_text(text.format(**values))
    return load(tmp_path)


@pytest.mark.parametrize(
    ("zone", "start", "skipped", "moved"),
    [
        # The clock jumps over these; they move forward by the hour that is missing.
        ("Europe/London", "2027-03-22T00:00Z", "2027-03-28 01:30", "2027-03-28T01:30Z"),  # 02:30 BST
        ("America/New_York", "2027-03-08T05:00Z", "2027-03-14 02:30", "2027-03-14T07:30Z"),  # 03:30 EDT
        ("Australia/Sydney", "2027-09-26T14:00Z", "2027-10-03 02:30", "2027-10-02T16:30Z"),  # 03:30 AEDT
    ],
)
def test_a_skipped_time_moves_forward_with_a_warning(
    tmp_path: Path, zone: str, start: str, skipped: str, moved: str
) -> None:
    world = read(tmp_path, zone=zone, start=start, earliest=skipped, usage=f"t,app,{start},1\n")
    assert world.changes["A"].earliest == when(moved)
    assert any("changes.csv, row 2, earliest" in warning for warning in world.warnings)


@pytest.mark.parametrize(
    ("zone", "start", "twice", "first"),
    [
        ("Europe/London", "2027-11-01T00:00Z", "2027-10-31 01:00", "2027-10-31T00:00Z"),
        ("America/New_York", "2027-11-08T05:00Z", "2027-11-07 01:00", "2027-11-07T05:00Z"),
        ("Australia/Sydney", "2027-04-04T14:00Z", "2027-04-04 02:00", "2027-04-03T15:00Z"),
    ],
)
def test_a_repeated_hour_means_both_passes_in_order_or_the_first(
    tmp_path: Path, zone: str, start: str, twice: str, first: str
) -> None:
    one = read(tmp_path, zone=zone, start=start, earliest="", usage=f"t,app,{twice},7\n")
    assert [moment.to_pydatetime() for moment in one.usage["start"]] == [when(first)]
    both = read(tmp_path, zone=zone, start=start, earliest="", usage=f"t,app,{twice},7\nt,app,{twice},9\n")
    passes = dict(zip((moment.to_pydatetime() for moment in both.usage["start"]), both.usage["users"], strict=True))
    assert passes == {when(first): 7.0, hours_after(first, 1): 9.0}
    assert all(moment.tzinfo is not None and moment.utcoffset() == UTC.utcoffset(None) for moment in passes)
