"""Plan real maintenance over real usage: forecast on twelve weeks of history, billed on the real weeks that follow.

    python tests/benchmarks/real_input.py FOLDER [--seconds 30] [--seeds 5]

FOLDER holds `usage/usage_hourly.parquet`, `usage/series.csv` and `changes/osg_downtimes.csv.gz`. Usage and register
come from different organisations: only their shapes are real together. Teams are the series in the order of the file
(those too short for twelve weeks of history are left out), each normalised to 100 users on average at 1.00 an hour, so
that every series weighs the same. Service k is used by every series with index = k modulo 12. The changes are 60
scheduled events of at most a day drawn from the register; all events of one facility are on one service. Series are
shifted by whole weeks so that they overlap; public holidays move with that and are therefore not told to the forecast.

Every event keeps the order of the register: twelve fall into each of five weeks, and each may be placed within a
fortnight from the Monday of its week. The register's own start is the weekday and local time the event really had,
local time being told from the facility's longitude, on the wall clock of the service's first team.
"""

import argparse
import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from scheduler.baselines import habit_schedules
from scheduler.horizon import wall_to_utc
from scheduler.portfolio import Change, Impact, Policy, Portfolio, Service, ServiceLevel, Team
from scheduler.schedule import Schedule, schedule_of
from scheduler.solver.solve import solve
from scheduler.verify import bill, verify

ZONE = "America/New_York"
MONDAY = datetime(2027, 1, 25)  # noqa: DTZ001 - a wall-clock date; no zone of the series changes its clocks around it
HISTORY_WEEKS, WEEKS, SERVICES, EVENTS, PER_WEEK = 12, 6, 12, 60, 12
IMPACT = {"Outage": Impact.OUTAGE, "No Significant Outage Expected": Impact.NO_IMPACT}


def series_of(folder: Path) -> tuple[pd.DataFrame, dict[str, pd.Series]]:
    """Read the series long enough for history and horizon: their table, and hourly use on the local wall clock."""
    table = pd.read_csv(folder / "usage" / "series.csv")
    table = table[table["hours"] >= (HISTORY_WEEKS + WEEKS + 2) * 168].reset_index(drop=True)
    hourly = pd.read_parquet(folder / "usage" / "usage_hourly.parquet")
    hourly = hourly[hourly["series_id"].isin(table["series_id"])].drop_duplicates(["series_id", "ts"])
    return table, {str(name): rows.set_index("ts")["value"].sort_index() for name, rows in hourly.groupby("series_id")}


def stretch(values: pd.Series, rng: np.random.Generator) -> pd.Series:
    """Draw a Monday with whole weeks of history and horizon around it, and move them to `MONDAY`."""
    weeks = HISTORY_WEEKS + WEEKS + 1
    first = values.index[0].normalize() + pd.Timedelta(days=(7 - values.index[0].weekday()) % 7 + 7)
    mondays = pd.date_range(first, values.index[-1] - pd.Timedelta(weeks=weeks), freq="7D")
    for start in rng.permutation(mondays):
        piece = values.reindex(pd.date_range(start, periods=weeks * 168, freq="h"))
        if piece.isna().mean() < 0.01:
            piece.index += MONDAY - timedelta(weeks=HISTORY_WEEKS) - pd.Timestamp(start)
            return piece / piece.mean() * 100
    raise ValueError(f"no {weeks} weeks of {values.name} are recorded well enough")


def real_portfolio(folder: Path, seed: int) -> tuple[Portfolio, Portfolio, Mapping[str, datetime]]:
    """Build the portfolio to plan, the same with the users that really came, and the register's own starts."""
    rng = np.random.default_rng(seed)
    table, values = series_of(folder)
    teams, zones, pieces = {}, {}, []
    for index, row in table.iterrows():
        service, team = f"service-{int(index) % SERVICES:02}", str(row["series_id"])
        teams[team] = Team(
            id=team,
            service_level="all",
            time_zone=row["tz"],
            cost_cents_per_user_hour=100,
            uses=(service,),
            contact="-",
        )
        zones.setdefault(service, row["tz"])
        pieces.append((team, service, row["tz"], stretch(values[team], rng)))
    start = wall_to_utc(MONDAY, ZONE)
    policy = Policy(
        name="real", start=start, weeks=WEEKS, time_zone=ZONE, service_levels={"all": ServiceLevel(name="all")}
    )
    changes, register = events(folder, seed, zones, policy)
    usage = pd.concat([_rows(*piece) for piece in pieces], ignore_index=True)
    plan = Portfolio(
        policy=policy,
        now=start,
        teams=teams,
        services={name: Service(id=name, time_zone=zone) for name, zone in sorted(zones.items())},
        changes=changes,
        usage=usage[usage["start"] < start],
    )
    horizon = plan.horizon
    real = {}
    for team, service, _, _ in pieces:
        rows = usage[usage["team"] == team].set_index("start")["users"]
        hours = rows.reindex(pd.date_range(horizon.start, horizon.end, freq="h", inclusive="left")).interpolate()
        users = np.repeat(hours.to_numpy(), 60 // policy.slot_minutes)
        real[team, service] = np.floor(1000 * np.nan_to_num(users, nan=100.0) + 0.5).astype(np.int64)
    return plan, dataclasses.replace(plan, known_users=real), register


def _rows(team: str, service: str, zone: str, values: pd.Series) -> pd.DataFrame:
    starts = values.index.tz_localize(zone, ambiguous=True, nonexistent="shift_forward").tz_convert("UTC")
    frame = pd.DataFrame({"team": team, "service": service, "start": starts, "minutes": 60, "users": values.to_numpy()})
    return frame.drop_duplicates("start")


def events(
    folder: Path, seed: int, zones: Mapping[str, str], policy: Policy
) -> tuple[dict[str, Change], dict[str, datetime]]:
    """Draw scheduled events and turn them into changes; give also the start each had in the register."""
    rows = pd.read_csv(folder / "changes" / "osg_downtimes.csv.gz", parse_dates=["start", "end"])
    rows = rows[(rows["cls"] == "SCHEDULED") & (rows["hours"] > 0) & (rows["hours"] <= 24)]
    rows = rows.drop_duplicates(["facility", "start", "end"])
    drawn = rows.sample(EVENTS, random_state=seed).sort_values(["start", "facility"]).reset_index(drop=True)
    facilities = {name: number for number, name in enumerate(dict.fromkeys(drawn["facility"]))}
    changes, register = {}, {}
    for index, row in drawn.iterrows():
        service = f"service-{facilities[row['facility']] % SERVICES:02}"
        week = MONDAY + timedelta(weeks=int(index) // PER_WEEK)
        local = row["start"] + timedelta(hours=round(row["longitude"] / 15))
        own = week + timedelta(days=local.weekday(), hours=local.hour, minutes=local.minute // 30 * 30)
        name = f"event-{index:02}"
        changes[name] = Change(
            id=name,
            services=(service,),
            impact=IMPACT.get(row["severity"], Impact.DEGRADED),
            duration_minutes=round(row["hours"] * 60),
            duration_p90_minutes=round(row["hours"] * 60),
            earliest=wall_to_utc(week, policy.time_zone),
            due=wall_to_utc(week + timedelta(weeks=2), policy.time_zone),
        )
        register[name] = min(
            max(wall_to_utc(own, zones[service]), wall_to_utc(week, policy.time_zone)).astimezone(UTC),
            wall_to_utc(week + timedelta(weeks=2), policy.time_zone)
            - timedelta(minutes=30 * -(-row["hours"] * 2 // 1)),
        )
    return changes, register


def cost(real: Portfolio, schedule: Schedule) -> int:
    """Bill a schedule on the users that really came, in cents."""
    return sum(charge.weighted_cents for charge in bill(real, schedule))


def measure(folder: Path, seed: int, seconds: float) -> dict[str, int]:
    """Plan one draw and bill the plan, the habits and the register's own starts on the real weeks."""
    plan, real, register = real_portfolio(folder, seed)
    result = solve(plan, time_limit=seconds, seed=seed)
    habits = habit_schedules(plan, result.schedule, seed=seed)
    own = schedule_of(plan, register)
    assert not verify(plan, own), "the register's own starts are not legal here"
    oracle = solve(real, time_limit=seconds, seed=seed)
    costs = {name: [cost(real, one) for one in schedules] for name, schedules in habits.items()}
    return {
        "plan": cost(real, result.schedule),
        "first_come": costs["first_come"][0],
        "earliest": costs["earliest"][0],
        "random": round(sum(costs["random"]) / len(costs["random"])),
        "random_best": min(costs["random"]),
        "sunday_0200": costs["sunday_0200"][0],
        "register": cost(real, own),
        "oracle": cost(real, oracle.schedule),
    }


def main() -> None:
    """Print what every way of planning costs on the real weeks, per seed and in all, and against the plan."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    total: dict[str, int] = {}
    for seed in range(1, options.seeds + 1):
        costs = measure(options.folder, seed, options.seconds)
        if seed == 1:
            print("seed  " + "".join(f"{name:>14}" for name in costs))
        print(f"{seed:<6}" + "".join(f"{cents / 100:14,.0f}" for cents in costs.values()), flush=True)
        total = {name: total.get(name, 0) + cents for name, cents in costs.items()}
    print("sum   " + "".join(f"{cents / 100:14,.0f}" for cents in total.values()))
    print("ratio " + "".join(f"{cents / total['plan']:14.3f}" for cents in total.values()))


if __name__ == "__main__":
    main()
