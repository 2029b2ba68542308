"""The sample and the families: made from a seed byte for byte, with what they promise inside, and plannable."""

import csv
import importlib
import subprocess
import sys
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from icalendar import Calendar

from scheduler.inputs import load
from scheduler.portfolio import Portfolio
from scheduler.schedule import Schedule, schedule_of
from scheduler.verify import verify

DATA = Path(__file__).parents[2] / "data"
SAMPLE = DATA / "sample"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import a module of `data` as the script itself does: from the folder it stands in."""
    monkeypatch.syspath_prepend(str(DATA))

    def module(name: str) -> ModuleType:
        return importlib.import_module(name)

    return module


def generate(folder: Path, *arguments: str) -> dict[str, bytes]:
    command = [sys.executable, str(DATA / "generate.py"), "--out", str(folder), *arguments]
    subprocess.run(command, check=True, timeout=120)
    return contents(folder)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def rows(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def sample() -> Portfolio:
    return load(SAMPLE)


@pytest.mark.parametrize("arguments", [(), ("--size", "S", "--freezes")])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    first = generate(tmp_path / "a", "--seed", "5", *arguments)
    again = generate(tmp_path / "b", "--seed", "5", *arguments)
    other = generate(tmp_path / "c", "--seed", "6", *arguments)
    assert first == again
    assert first.keys() >= {"policy.toml", "teams.csv", "services.csv", "changes.csv", "usage.parquet"}
    for name in ("teams.csv", "changes.csv", "usage.parquet"):
        assert first[name] != other[name]


def test_the_shipped_sample_is_what_the_script_makes(tmp_path: Path) -> None:
    fresh, shipped = generate(tmp_path / "sample"), contents(SAMPLE)
    parquet = "usage.parquet"
    assert {**fresh, parquet: b""} == {**shipped, parquet: b""}
    # A Parquet file also holds the version of the library that wrote it, so its rows are compared.
    made, kept = pd.read_parquet(tmp_path / "sample" / parquet), pd.read_parquet(SAMPLE / parquet)
    pd.testing.assert_frame_equal(made, kept)
    assert sum(len(content) for content in shipped.values()) < 1_000_000


def test_the_sample_has_what_it_promises(sample: Portfolio) -> None:
    assert sample.warnings == ()
    policy = sample.policy
    assert (len(sample.teams), len(sample.services), len(sample.changes), policy.weeks) == (14, 40, 60, 8)
    assert {team.time_zone for team in sample.teams.values()} == {
        "Europe/London",
        "America/New_York",
        "Asia/Singapore",
    }
    assert set(Counter(team.service_level for team in sample.teams.values())) == {"basic", "enhanced", "premium"}
    assert all(team.contact and team.email and team.holidays for team in sample.teams.values())
    assert all(change.title and change.why and change.what_you_will_notice for change in sample.changes.values())
    assert {change.type for change in sample.changes.values()} == {"normal", "standard", "emergency"}
    assert {str(change.impact) for change in sample.changes.values()} == {
        "OUTAGE",
        "DEGRADED",
        "REDUCED-REDUNDANCY",
        "NO-IMPACT",
    }
    assert 10 <= len(sample.engineers) <= 14
    for filled in ("after", "not_with", "allowed", "backout_minutes", "delay_cost_cents_per_day", "drop_cost_cents"):
        assert sum(bool(getattr(change, filled)) for change in sample.changes.values()) >= 3, filled
    assert {decision.kind for decision in sample.decisions} == {"approve", "reject"}
    assert "CHG-0987" in {before.change for change in sample.changes.values() for before in change.after}


def test_the_horizon_of_the_sample_holds_both_clock_changes_and_holidays(sample: Portfolio) -> None:
    start = sample.policy.start.astimezone(ZoneInfo("Europe/London"))
    assert (start.date(), start.weekday()) == (date(2027, 3, 1), 0)
    end = start + timedelta(weeks=8)
    for zone in ("Europe/London", "America/New_York"):
        assert start.astimezone(ZoneInfo(zone)).utcoffset() != end.astimezone(ZoneInfo(zone)).utcoffset()


def test_the_usage_of_the_sample(sample: Portfolio) -> None:
    usage = pd.read_parquet(SAMPLE / "usage.parquet")
    now = datetime.fromisoformat("2027-02-22T09:00")
    london = {team.id for team in sample.teams.values() if team.time_zone == "Europe/London"}
    here = usage[usage["team"].isin(london)]
    assert here["start"].min() == now - timedelta(weeks=12)
    assert here["start"].max() == now - timedelta(hours=1)
    assert usage["users"].isna().any()
    per_pair = usage.groupby(["team", "service"]).size()
    assert per_pair.max() == 12 * 7 * 24
    assert (per_pair < 12 * 7 * 24).any()
    # Hours of week from Monday 00:00: the settlement team's busiest is Sunday 02:00 = 6 * 24 + 2.
    settlement = usage[usage["team"] == "settlement-london"]
    hour = settlement["start"].dt.day_of_week * 24 + settlement["start"].dt.hour
    assert settlement.groupby(hour)["users"].mean().idxmax() == 6 * 24 + 2
    # Monday 28 December (a bank holiday in England) against the Monday two weeks before.
    claims = usage[(usage["team"] == "claims-london") & (usage["service"] == "claims-desk")].set_index("start")["users"]
    assert claims[pd.Timestamp("2026-12-28 10:00")] < 0.2 * claims[pd.Timestamp("2026-12-14 10:00")]
    recorded = set(per_pair.index)
    assumed = {(t.id, s) for t in sample.teams.values() for s in t.uses} - recorded
    assert assumed == {
        ("people-london", "learning"),
        ("sales-ny", "hr-self-service"),
        ("sales-ny", "intranet"),
        ("brokers-sg", "field-visits"),
    }


@pytest.mark.parametrize(("size", "seed"), [(None, 3), (None, 21), ("S", 21), ("S", 22)])
def test_the_naive_schedule_breaks_no_rule(made: Any, tmp_path: Path, size: str | None, seed: int) -> None:
    drawn = made("generate").draw(size, 0.3, seed)
    # Without recorded usage: who is a client, which is all that rules ask, stands in teams.csv.
    made("writing").write(tmp_path, drawn.world, drawn.changes, drawn.decisions, drawn.history)
    portfolio = load(tmp_path)
    schedule: Schedule = schedule_of(portfolio, drawn.starts)
    assert len(schedule.placements) == len(portfolio.changes)
    assert [str(violation) for violation in verify(portfolio, schedule)] == []


@pytest.mark.parametrize(("sharing", "on_shared"), [(0.0, 0), (0.3, 15), (1.0, 50)])
def test_a_family_has_its_size_and_its_sharing(made: Any, sharing: float, on_shared: int) -> None:
    drawn = made("generate").draw("S", sharing, 4)
    names = [row["service"] for row in drawn.world.services]
    assert sum(name.startswith("service-") for name in names) == 20
    assert sum(name.startswith("component-") for name in names) == 50 - on_shared
    worked_on = Counter(change["services"] for change in drawn.changes)
    assert len(drawn.changes) == 50
    assert sum(n for service, n in worked_on.items() if service.startswith("service-")) == on_shared
    assert all(n == 1 for service, n in worked_on.items() if service.startswith("component-"))


def test_freezes_are_whole_days_in_calendar_files(tmp_path: Path) -> None:
    generate(tmp_path, "--size", "S", "--freezes")
    frozen = [row for row in rows(tmp_path, "calendars") if row["file"]]
    assert [row["applies_to"] for row in frozen] == ["*"]
    (event,) = Calendar.from_ical((tmp_path / frozen[0]["file"]).read_bytes()).events
    assert event.DTSTART + timedelta(days=3) == event.DTEND
    assert date(2027, 3, 1) <= event.DTSTART < date(2027, 3, 29)


def test_weekly_hours_wrap_over_midnight_and_over_the_week(made: Any) -> None:
    world = made("world")
    # Friday 22:00 to Monday 06:00 nights: minutes of the week Fri 21:59, 22:00, Sat 05:59, 06:00, Mon 05:59, 06:00.
    minutes = np.array([4 * 1440 + 1319, 4 * 1440 + 1320, 5 * 1440 + 359, 5 * 1440 + 360, 359, 360])
    assert world.open_in("Fri-Sun 22:00-06:00", minutes).tolist() == [False, True, True, False, True, False]
    assert world.open_in("", minutes).all()


def test_states_spread_through_dependencies_and_groups(made: Any) -> None:
    company, world = made("company"), made("world")
    topology = world.Topology(company.company(np.random.default_rng(0)))
    # One load balancer is spared; both together take the gateway and its portals down.
    assert topology.states(["lb-1"], "REDUCED-REDUNDANCY") == {"lb-1": world.OUT}
    down = topology.states(["lb-1", "lb-2"], "")
    assert {name for name, state in down.items() if state == world.OUT} == {
        "lb-1",
        "lb-2",
        "load-balancers",
        "api-gateway",
        "customer-portal",
        "broker-portal",
    }
    # Without sign-on the gateway is slow and its portals with it. Policies are slow too, but the workbench, which
    # would be slow without them, does not feel that.
    slow = topology.states(["sso"], "")
    assert slow["claims-desk"] == world.OUT
    assert slow["customer-portal"] == world.DEGRADED
    assert slow["policy-admin"] == world.DEGRADED
    assert "underwriting-bench" not in slow
