"""What a plan holds, as frames to show: windows, losses by team, savings, and what every other start would cost.

Texts are ready to be shown: money with its currency, times local with their zone, what users wrote made visible. The
numbers behind them stand beside, in whole cents and in UTC.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pandas as pd

from scheduler.costs import COSTS, downtime
from scheduler.demand.topology import affected_teams
from scheduler.demand.usage import assumed
from scheduler.horizon import Window
from scheduler.portfolio import Portfolio
from scheduler.schedule import CLIENT_COSTS, Charge, Placement, Result, Schedule, notice_given
from scheduler.standing import standing
from scheduler.summary import HABIT_NAMES, own_figures, saves_text
from scheduler.wording import instant_text, window_text

from .frames import frame, local_time, money
from .heat import By, row_labels
from .text import visible
from .theme import state_text

SCHEDULE_COLUMNS = (
    "change", "title", "type", "services", "impact", "state", "state_text", "start", "end", "reserved_until",
    "window", "over_by", "cents", "weighted_cents", "cost", "teams", "engineers",
)  # fmt: skip
WINDOW_COLUMNS = (
    "id", "row", "change", "title", "state", "state_text", "impact", "start", "end", "reserved_until", "window",
    "over_by", "cents", "cost",
)  # fmt: skip
TEAM_COLUMNS = (
    "team", "name", "service_level", "time_zone", "windows", "cents", "weighted_cents", "share", "cost", "assumed",
)  # fmt: skip
CHANGE_TEAM_COLUMNS = (
    "team", "name", "time_zone", "window", "cents", "cost", "notice_days", "promised_days", "assumed",
)  # fmt: skip
SAVING_COLUMNS = (
    "habit", "label", "kind", "objective_cents", "cost_cents", "drop_cents", "violations", "amount", "cost", "text",
)  # fmt: skip


def state_of(portfolio: Portfolio, placement: Placement) -> str:
    """Tell whether a window is pinned, approved, announced, or still a proposal."""
    change, start = placement.change, placement.start
    last = next((one for one in reversed(portfolio.decisions) if (one.change, one.start) == (change, start)), None)
    if last is not None and last.kind == "approve":
        return "approved"
    if start in (portfolio.changes[change].fixed_start, standing(portfolio).pinned.get(change)):
        return "pinned"
    return "proposed" if placement.announced_at is None else "announced"


def crew(placement: Placement, zone: str) -> list[str]:
    """Name the engineers of a window with their skill, and when they serve where that is not all of it."""
    found = []
    for shift in placement.engineers:
        served = Window(shift.start, shift.end)
        when = "" if served == placement.reserved else f", {window_text(served, zone)}"
        found.append(visible(f"{shift.engineer} ({shift.skill}{when})"))
    return found


def schedule_table(result: Result, zone: str | None = None) -> pd.DataFrame:
    """Give one row per window in order of time, with `SCHEDULE_COLUMNS`; `zone` is the policy's unless given."""
    portfolio = result.portfolio
    zone = zone or portfolio.policy.time_zone
    names, (cents, weighted) = row_labels(portfolio, "service"), _by_change(result)
    return frame(
        SCHEDULE_COLUMNS,
        [
            {
                **_window(portfolio, one, zone),
                "type": portfolio.changes[one.change].type,
                "services": ", ".join(names[service] for service in portfolio.changes[one.change].services),
                "start": one.start,
                "end": one.end,
                "reserved_until": one.reserved_until,
                "cents": cents[one.change],
                "weighted_cents": weighted[one.change],
                "cost": money(portfolio, cents[one.change]),
                "teams": len(affected_teams(portfolio, one.change)),
                "engineers": ", ".join(visible(f"{shift.engineer} ({shift.skill})") for shift in one.engineers),
            }
            for one in _in_order(result.schedule)
        ],
    )


def windows(result: Result, by: By = "service", zone: str | None = None) -> pd.DataFrame:
    """Give one row per window and service it works on, or team it affects, with `WINDOW_COLUMNS`.

    `start`, `end` and `reserved_until` are for drawing: local in `zone` at the start, and as long as they really are
    where the clocks change on the way. `window` and `over_by` say what the clocks show.
    """
    portfolio = result.portfolio
    zone = zone or portfolio.policy.time_zone
    names, (cents, _) = row_labels(portfolio, by), _by_change(result)
    rows = []
    for one in _in_order(result.schedule):
        start = local_time(one.start, zone)
        ids = portfolio.changes[one.change].services if by == "service" else affected_teams(portfolio, one.change)
        drawn = {
            **_window(portfolio, one, zone),
            "start": start,
            "end": start + (one.end - one.start),
            "reserved_until": start + (one.reserved_until - one.start),
            "cents": cents[one.change],
            "cost": money(portfolio, cents[one.change]),
        }
        rows += [{"id": id, "row": names[id], **drawn} for id in ids]
    return frame(WINDOW_COLUMNS, rows, drawn=True)


def charges_by_team(result: Result) -> pd.DataFrame:
    """Give what every team loses (downtime and overrun), the largest loss first, with `TEAM_COLUMNS`.

    Teams that lose nothing come last; `share` is of all losses, `assumed` marks losses that rest on assumed usage.
    """
    portfolio = result.portfolio
    cents: Counter[str] = Counter()
    weighted: Counter[str] = Counter()
    rests: set[str] = set()
    for charge in result.charges:
        if charge.cost in CLIENT_COSTS:
            cents[charge.team] += charge.cents
            weighted[charge.team] += charge.weighted_cents
            if charge.cents and (charge.team, charge.service) in assumed(portfolio):
                rests.add(charge.team)
    hit = Counter(team for one in result.schedule.placements for team in affected_teams(portfolio, one.change))
    names, total = row_labels(portfolio, "team"), sum(cents.values())
    rows = [
        {
            "team": id,
            "name": names[id],
            "service_level": visible(team.service_level),
            "time_zone": team.time_zone,
            "windows": hit[id],
            "cents": cents[id],
            "weighted_cents": weighted[id],
            "share": cents[id] / total if total else 0.0,
            "cost": money(portfolio, cents[id]),
            "assumed": id in rests,
        }
        for id, team in portfolio.teams.items()
    ]
    return frame(TEAM_COLUMNS, sorted(rows, key=lambda row: (-row["cents"], row["name"])))


def teams_of_change(result: Result, placement: Placement) -> pd.DataFrame:
    """Give every team that a window affects or costs, in its own local time, with `CHANGE_TEAM_COLUMNS`.

    `notice_days` are the calendar days that the team has from announcement (or now) to start, `promised_days` those
    it was promised, missing where it was promised none.
    """
    lost = [one for one in result.charges if one.change == placement.change]
    rows = team_rows(result.portfolio, placement, lost)
    return frame(CHANGE_TEAM_COLUMNS, rows).astype({"promised_days": "Int64"})


def team_rows(portfolio: Portfolio, placement: Placement, charges: Iterable[Charge]) -> list[dict[str, Any]]:
    """Give the rows of `teams_of_change` from the charges of that change."""
    lost = [one for one in charges if one.cost in CLIENT_COSTS]
    cents: Counter[str] = Counter()
    for charge in lost:
        cents[charge.team] += charge.cents
    rests = {one.team for one in lost if one.cents and (one.team, one.service) in assumed(portfolio)}
    names = row_labels(portfolio, "team")
    return [
        {
            "team": team,
            "name": names[team],
            "time_zone": portfolio.teams[team].time_zone,
            "window": window_text(placement.reserved, portfolio.teams[team].time_zone),
            "cents": cents[team],
            "cost": money(portfolio, cents[team]),
            "notice_days": notice_given(portfolio, placement, team),
            "promised_days": portfolio.notice_days(team),
            "assumed": team in rests,
        }
        for team in sorted(
            {*affected_teams(portfolio, placement.change), *cents}, key=lambda team: (-cents[team], team)
        )
    ]


def parts(result: Result) -> pd.DataFrame:
    """Give what each cost adds to the plan: cost, meaning, cents, weighted_cents and amount (text)."""
    cents: Counter[str] = Counter()
    weighted: Counter[str] = Counter()
    for charge in result.charges:
        cents[charge.cost] += charge.cents
        weighted[charge.cost] += charge.weighted_cents
    meanings: dict[str, str] = {}
    for cost in COSTS:
        meanings[cost.name] = cost.meaning
        if cost.name == "downtime":
            meanings[downtime.OVERRUN] = "The same, after the time at which the work is expected to be over."
    names = dict.fromkeys([*meanings, *sorted(cents)])
    return frame(
        ("cost", "meaning", "cents", "weighted_cents", "amount"),
        [
            {
                "cost": name,
                "meaning": meanings.get(name, ""),
                "cents": cents[name],
                "weighted_cents": weighted[name],
                "amount": money(result.portfolio, weighted[name]),
            }
            for name in names
        ],
    )


def savings(result: Result) -> pd.DataFrame:
    """Give the plan and every habit it is compared with, with `SAVING_COLUMNS`.

    `objective_cents` leave drop prices out and `amount` is the same in currency units; `kind` is `plan`, `habit`, or
    `broken` for a habit that breaks rules, which is never called cheaper; `text` says what the plan saves against it.
    """
    figures = {"plan": own_figures(result)} | {name: result.baselines[name] for name in HABIT_NAMES
                                               if name in result.baselines}  # fmt: skip
    return frame(
        SAVING_COLUMNS,
        [
            {
                "habit": name,
                "label": HABIT_NAMES.get(name, "this plan"),
                "kind": "plan" if name == "plan" else "broken" if one.violations else "habit",
                "objective_cents": one.objective_cents,
                "cost_cents": one.cost_cents,
                "drop_cents": one.drop_cents,
                "violations": one.violations,
                "amount": one.objective_cents / 100,
                "cost": money(result.portfolio, one.objective_cents),
                "text": "" if name == "plan" else saves_text(result, one),
            }
            for name, one in figures.items()
        ],
    )


# --- what tables share -------------------------------------------------------------------------------------------


def _window(portfolio: Portfolio, placement: Placement, zone: str) -> dict[str, str]:
    change, state = portfolio.changes[placement.change], state_of(portfolio, placement)
    return {
        "change": change.id,
        "title": visible(change.title),
        "impact": change.impact.value,
        "state": state,
        "state_text": state_text(state),
        "window": window_text(placement.reserved, zone),
        "over_by": instant_text(placement.end, zone),
    }


def _in_order(schedule: Schedule) -> list[Placement]:
    return sorted(schedule.placements, key=lambda one: (one.start, one.change))


def _by_change(result: Result) -> tuple[Counter[str], Counter[str]]:
    cents: Counter[str] = Counter()
    weighted: Counter[str] = Counter()
    for charge in result.charges:
        cents[charge.change] += charge.cents
        weighted[charge.change] += charge.weighted_cents
    return cents, weighted
