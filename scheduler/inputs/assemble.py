"""Turns tables in which no problem was found into a portfolio, with the defaults that depend on other cells."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import Any

import pandas as pd

from scheduler.horizon import WeeklyHours, Window
from scheduler.inputs.cells import split_lag
from scheduler.inputs.decisions import decision_of
from scheduler.inputs.external import external_work
from scheduler.inputs.policy import build_policy
from scheduler.inputs.references import Tables, resolve
from scheduler.inputs.tables import Row, Table
from scheduler.portfolio import (
    Calendar,
    Change,
    Dependency,
    Engineer,
    Event,
    Impact,
    PastWork,
    Policy,
    Portfolio,
    Predecessor,
    Preference,
    RedundancyGroup,
    Service,
    Team,
)

_ALWAYS, _NEVER = WeeklyHours.parse(""), WeeklyHours(())


def assemble(
    tables: Tables, usage: pd.DataFrame, periods: Mapping[str, tuple[Window, ...]], now: datetime
) -> Portfolio:
    """Build the portfolio, things in the order of their rows; `periods` are those of calendars with a file."""
    policy = build_policy(tables.policy)
    engineers = [_engineer(row, policy) for row in tables["engineers.csv"]]
    changes = _changes(tables, policy)
    theirs, blocked = external_work(tables["external.csv"], policy, now)
    changes |= theirs
    calendars = {one.id: one for one in (_calendar(row, policy, periods) for row in tables["calendars.csv"])}
    return Portfolio(
        policy=policy,
        now=now,
        teams={one.id: one for one in (_team(row, policy) for row in tables["teams.csv"])},
        services={one.id: one for one in (_service(row, policy) for row in tables["services.csv"])},
        changes=changes,
        dependencies=_dependencies(tables["dependencies.csv"]),
        groups=_groups(tables["redundancy.csv"]),
        engineers={one.id: one for one in engineers} if tables["engineers.csv"].exists else None,
        calendars=calendars | blocked,
        # What was decided about work that is done binds nothing any more.
        decisions=tuple(decision_of(row) for row in tables["decisions.csv"] if row["change"] in changes),
        events=tuple(_event(row) for row in tables["events.csv"]),
        preferences=tuple(_preference(row) for row in tables["preferences.csv"]),
        history=tuple(_past_work(row) for row in tables["history.csv"]),
        done=frozenset(row["change"] for row in tables["history.csv"]),
        usage=usage,
    )


def _team(row: Row, policy: Policy) -> Team:
    return Team(
        id=row["team"],
        name=row["name"] or row["team"],
        service_level=row["service_level"] or "",
        time_zone=row["time_zone"] or policy.time_zone,
        holidays=row["holidays"] or "",
        cost_cents_per_user_hour=row["cost_per_user_hour"],
        uses=row["uses"] or (),
        headcount=row["headcount"],
        notice_days=row["notice_days"],
        contact=row["contact"] or "",
        email=row["email"] or "",
        language=row["language"] or "",
    )


def _service(row: Row, policy: Policy) -> Service:
    return Service(
        id=row["service"],
        name=row["name"] or row["service"],
        used_for=row["used_for"] or "",
        site=row["site"] or "",
        time_zone=row["time_zone"] or policy.time_zone,
        owner=row["owner"] or "",
    )


def _dependencies(table: Table) -> tuple[Dependency, ...]:
    edges = (
        Dependency(service=row["service"], depends_on=row["depends_on"], effect=row["effect"])
        for row in table
    )  # fmt: skip
    return tuple(dict.fromkeys(edges))


def _groups(table: Table) -> Mapping[str, RedundancyGroup]:
    members: dict[str, list[str]] = {}
    least: dict[str, int] = {}
    for row in table:
        members.setdefault(row["group"], []).append(row["service"])
        if row["min_up"] is not None:
            least[row["group"]] = row["min_up"]
    return {
        group: RedundancyGroup(id=group, members=tuple(names), min_up=least.get(group, len(names) - 1))
        for group, names in members.items()
    }


def _engineer(row: Row, policy: Policy) -> Engineer:
    return Engineer(
        id=row["engineer"],
        skills=frozenset(row["skills"]),
        time_zone=row["time_zone"] or policy.time_zone,
        works=row["works"] or "",
        email=row["email"] or "",
    )


def _calendar(row: Row, policy: Policy, periods: Mapping[str, tuple[Window, ...]]) -> Calendar:
    everything: tuple[str, ...] = ("*",) if row["kind"] == "blackout" else ()
    return Calendar(
        id=row["calendar"],
        kind=row["kind"],
        hours=_NEVER if row["calendar"] in periods else row["hours"] or _ALWAYS,
        periods=periods.get(row["calendar"]),
        time_zone=row["time_zone"] or policy.time_zone,
        applies_to=row["applies_to"] or everything,
        hard=row["hard"],
        cost_cents_per_hour=row["cost_per_hour"],
    )


def _event(row: Row) -> Event:
    factor, users = (None if row[name] is None else Fraction(row[name]) for name in ("factor", "users"))
    return Event(
        team=row["team"], start=row["start"], end=row["end"], factor=factor, users=users, note=row["note"] or ""
    )


def _preference(row: Row) -> Preference:
    return Preference(
        team=row["team"],
        kind=row["kind"],
        hours=row["hours"],
        start=row["start"],
        end=row["end"],
        cost_cents_per_hour=row["cost_per_hour"],
        reason=row["reason"] or "",
    )


def _past_work(row: Row) -> PastWork:
    return PastWork(
        change=row["change"],
        kind=row["kind"] or "",
        services=row["services"] or (),
        planned_start=row["planned_start"],
        planned_end=row["planned_end"],
        actual_start=row["actual_start"],
        actual_end=row["actual_end"],
    )


def _changes(tables: Tables, policy: Policy) -> dict[str, Change]:
    rows = tables["changes.csv"]
    known = frozenset(row["change"] for row in rows) | frozenset(row["change"] for row in tables["history.csv"])
    changes = {row["change"]: _change(row, policy, known) for row in rows}
    apart = _both_ways({change: one.not_with for change, one in changes.items()})
    together = _both_ways({change: one.same_window_as for change, one in changes.items()})
    return {
        change: replace(one, not_with=apart[change], same_window_as=together[change])
        for change, one in changes.items()
    }  # fmt: skip


def _both_ways(named: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Let every change that is named by another name that one too, after those it names itself."""
    found: dict[str, dict[str, None]] = {change: dict.fromkeys(others) for change, others in named.items()}
    for change, others in named.items():
        for other in others:
            found[other][change] = None
    return {change: tuple(others) for change, others in found.items()}


def _change(row: Row, policy: Policy, known: frozenset[str]) -> Change:
    chance = float(row["failure_chance"]) if row["failure_chance"] is not None else policy.failure_chance
    if row["failure_chance"] is None and not row["backout_minutes"]:
        chance = 0.0
    return Change(
        id=row["change"],
        title=row["title"] or row["change"],
        type=row["type"],
        services=row["services"],
        impact=Impact(row["impact"]),
        duration_minutes=row["duration_minutes"],
        duration_p90_minutes=_or(row["duration_p90_minutes"], row["duration_minutes"]),
        backout_minutes=row["backout_minutes"],
        failure_chance=chance,
        earliest=row["earliest"],
        due=row["due"],
        after=tuple(_predecessor(piece, known) for piece in row["after"] or ()),
        not_with=row["not_with"] or (),
        same_window_as=row["same_window_as"] or (),
        skills=row["skills"] or (),
        allowed=row["allowed"] or (),
        mandatory=row["mandatory"],
        drop_cost_cents=row["drop_cost"],
        delay_cost_cents_per_day=row["delay_cost_per_day"],
        fixed_start=row["fixed_start"],
        what_you_will_notice=row["what_you_will_notice"] or "",
        why=row["why"] or "",
        workaround=row["workaround"] or "",
        requested_by=row["requested_by"] or "",
        description=row["description"] or "",
    )


def _predecessor(piece: str, known: frozenset[str]) -> Predecessor:
    if resolve(piece, known) == piece:
        return Predecessor(change=piece)
    change, minutes = split_lag(piece)
    return Predecessor(change=change, lag_minutes=minutes)


def _or(value: Any, otherwise: int) -> int:
    return otherwise if value is None else int(value)
