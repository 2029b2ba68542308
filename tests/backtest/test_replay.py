"""Past weeks planned again: only what was known then is used, and every way is billed on what came."""

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from builders import MONDAY, change, decide, preference, when
from demand.records import person, recorded, weekly
from typer.testing import CliRunner

from scheduler.backtest.past import as_it_was, looked_back, moved_back, replayable_weeks, shortened
from scheduler.backtest.replay import replay_portfolio
from scheduler.cli import app
from scheduler.demand.usage import expected_users
from scheduler.horizon import Window
from scheduler.inputs import InputError
from scheduler.portfolio import Calendar


def world(*, weeks=8, lull=None, **about):
    """Ten users all week but two each Wednesday 04:00-06:00; `lull` empties hours of the last recorded week."""
    t = replace(person("t"), cost_cents_per_user_hour=100)
    quiet = range(2 * 1440 + 240, 2 * 1440 + 360)
    rows = weekly(t, lambda minute: 2.0 if minute in quiet else 10.0, MONDAY, weeks=weeks)
    if lull:
        rows = [(*row[:4], 0.0 if lull[0] <= row[2] < lull[1] else row[4]) for row in rows]
    about.setdefault("changes", [change("C")])
    return recorded(rows, [t], start=MONDAY, **about)


def test_weeks_that_can_be_replayed():
    # Eight recorded weeks, four of them history: plans of one week can begin one to four weeks ago.
    assert replayable_weeks(world()) == [4, 3, 2, 1]
    assert replayable_weeks(world(weeks=4)) == []


def test_everything_dated_moves_but_the_record():
    p = world(
        changes=[change("C", earliest="Tue 09:00", due="Fri 17:00")],
        decisions=[decide("C", "pin", "Wed 04:00")],
        preferences=[preference("t", "never", start="Thu 00:00", end="Fri 00:00")],
        calendars=[Calendar(id="c", kind="blackout", periods=(Window(when("Sat 00:00"), when("Sun 00:00")),))],
    )
    then = moved_back(p, 2)
    back = timedelta(weeks=2)
    assert then.horizon.start == p.horizon.start - back
    assert then.changes["C"].earliest == when("Tue 09:00") - back
    assert then.changes["C"].due == when("Fri 17:00") - back
    assert then.decisions[0].start == when("Wed 04:00") - back
    assert then.preferences[0].start == when("Thu 00:00") - back
    assert then.calendars["c"].periods[0].start == when("Sat 00:00") - back
    assert then.now == p.now - back
    assert then.usage is p.usage


def test_clock_changes_do_not_move_the_wall_clock():
    # Two weeks before Monday 2027-04-05 in London lies in winter time: 00:00 there is 00:00 UTC, not 23:00.
    p = world(zone="Europe/London")
    p = replace(p, policy=replace(p.policy, start=when("2027-04-04T23:00Z")), now=when("2027-04-04T23:00Z"))
    assert moved_back(p, 2).horizon.start == when("2027-03-22T00:00Z")


def test_what_came_is_what_was_recorded_and_else_the_forecast():
    gone = MONDAY - timedelta(days=3)
    p = world()
    usage = p.usage.assign(users=p.usage["users"].where(p.usage["start"] != gone))
    then = moved_back(replace(p, usage=usage), 1)
    met = as_it_was(then).known_users["t", "app"]
    slot = then.horizon.floor(gone)
    assert met[slot] == expected_users(then)["t", "app"][slot]
    wednesday = then.horizon.floor(MONDAY - timedelta(days=4, hours=20))
    assert met[wednesday] == 2000


def test_a_plan_made_then_does_not_see_what_came():
    # In the last week nobody was there on Monday 12:00-13:00; nobody could know.
    lull = (MONDAY - timedelta(days=6, hours=12), MONDAY - timedelta(days=6, hours=11))
    told = replay_portfolio(world(lull=lull), time_limit=2.0, units=1.0)
    last = told.pasts[-1]
    # One hour of Wednesday 04:00 costs 2 user-hours of a euro; the oracle knew the lull, the habit met ten users.
    assert last.cents["plan"] == 200
    assert last.cents["oracle"] == 0
    assert last.cents["sunday_0200"] == last.cents["earliest"] == 1000
    assert [past.cents["oracle"] for past in told.pasts] == [200, 200, 200, 0]
    assert told.share("sunday_0200") == pytest.approx(1 - 200 / (4000 - 600))


def test_shorter_plans_keep_what_can_start_in_them():
    p = world(weeks=12, changes=[change("C"), change("D", earliest="2027-03-10T00:00Z")])
    p = replace(p, policy=replace(p.policy, weeks=2))
    told = replay_portfolio(p, weeks=1, every=4, time_limit=2.0, units=1.0)
    assert {past.changes for past in told.pasts} == {1}
    assert set(shortened(p, 1, ["C"]).changes) == {"C"}


def test_too_little_record_is_refused():
    with pytest.raises(InputError, match="record usage for longer"):
        replay_portfolio(world(weeks=4), time_limit=1.0)


def test_looking_back_takes_the_last_whole_days():
    then = looked_back(world())
    assert then.horizon.window.start == MONDAY - timedelta(weeks=1)
    assert not then.changes
    assert looked_back(world(weeks=4)) is None


def test_the_command_tells_and_draws(tmp_path):
    folder = tmp_path / "p"
    folder.mkdir()
    (folder / "policy.toml").write_text('name = "P"\nstart = 2027-03-01\nweeks = 1\nnow = 2027-03-01\n')
    (folder / "teams.csv").write_text("team,cost_per_user_hour,contact\nt,1,x\n")
    (folder / "services.csv").write_text("service\napp\n")
    (folder / "changes.csv").write_text("change,services,duration_minutes\nC,app,60\n")
    starts = [MONDAY - timedelta(hours=n) for n in range(6 * 168, 0, -1)]
    users = np.where([one.weekday() == 2 and one.hour == 4 for one in starts], 0, 5)
    rows = [f"t,app,{one.isoformat()},{count}" for one, count in zip(starts, users, strict=True)]
    (folder / "usage.csv").write_text("team,service,start,users\n" + "\n".join(rows) + "\n")
    picture = tmp_path / "weeks.svg"
    run = ["backtest", str(folder), "--deterministic", "1", "--json", "--picture", str(picture)]
    told = CliRunner().invoke(app, run)
    assert told.exit_code == 0, told.stderr
    document = json.loads(told.stdout)
    assert len(document["weeks"]) == 2
    assert document["total_cents"]["plan"] == 0 < document["total_cents"]["sunday_0200"]
    assert document["share_recovered"]["sunday_0200"] == 1.0
    assert picture.read_text(encoding="utf-8").startswith("<svg")
