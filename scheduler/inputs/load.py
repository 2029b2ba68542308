"""Loads a portfolio from its folder."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from scheduler.inputs.assemble import assemble
from scheduler.inputs.cautions import caution
from scheduler.inputs.columns import FILES
from scheduler.inputs.consistency import check_rows, check_start
from scheduler.inputs.decisions import later_decisions
from scheduler.inputs.errors import Findings, InputError
from scheduler.inputs.external import check_external
from scheduler.inputs.fingerprint import content_hash
from scheduler.inputs.policy import planning_instant
from scheduler.inputs.references import Tables, check_references, where
from scheduler.inputs.repeats import Series, expand_repeats
from scheduler.inputs.sources import open_source
from scheduler.inputs.tables import Row, Table
from scheduler.inputs.usage import Names, read_usage
from scheduler.portfolio import Portfolio
from scheduler.schedule import Schedule
from scheduler.standing import standing

_OTHER_FILES = ("policy.toml", "usage.csv")
# Files whose naive times are on the wall clock of the team that a row names.
_TEAM_TIMES = ("events.csv", "preferences.csv")


def load(
    path: str | Path,
    *,
    now: datetime | str | None = None,
    previous: Schedule | None = None,
    out: str | Path | None = None,
) -> Portfolio:
    """Load the portfolio in a folder, or in a portfolio.json, and check everything about it.

    `now` is the instant of planning; without it the policy's counts, or else the clock (until the horizon starts).
    `previous` is an earlier schedule: windows that it announced are held to be announced. `out` is the
    folder of a plan: the rows of its decisions.csv, if it has one, come after those of the portfolio's own. The
    portfolio's `warnings` say what the author may want to know.

    Raises
    ------
    InputError
        With every problem of every file.
    """
    clock = datetime.now(UTC)
    source = open_source(Path(path))
    findings = Findings(tuple(FILES))
    source.survey(findings)
    policy = source.policy(findings)
    instant = planning_instant(policy, now, clock, findings)
    tables: dict[str, Table] = {}
    zones: dict[str, str] = {}

    def home(row: Row) -> str:
        return policy.zone

    def team_zone(row: Row) -> str:
        return zones.get(row["team"], policy.zone)

    for file in FILES:
        if file not in _OTHER_FILES:
            tables[file] = source.table(file, findings, team_zone if file in _TEAM_TIMES else home)
            if file == "teams.csv":
                zones = {row["team"]: row["time_zone"] or policy.zone for row in tables[file] if row["team"]}
    series: Mapping[str, Series] = {}
    if policy.horizon is not None:
        done = frozenset(row["change"] for row in tables["history.csv"])
        changes, decisions = tables["changes.csv"], tables["decisions.csv"]
        series = expand_repeats(changes, decisions, done, policy.horizon, instant, findings)
    gathered = Tables(policy, tables, frozenset(series))
    check_references(gathered, findings)
    check_rows(gathered, findings)
    check_external(tables["external.csv"], tables["changes.csv"], findings)
    teams, services = (
        Names(where(kinds), gathered.known(*kinds)) for kinds in (("team",), ("service", "group"))
    )  # fmt: skip
    usage = read_usage(source.usage(findings), zones, teams, services, instant, findings)
    periods = source.periods(policy, tables["calendars.csv"], findings)
    announced = source.announced(findings)
    _refuse(findings)
    portfolio = assemble(gathered, usage, periods, instant)
    _check_decisions(portfolio, tables["decisions.csv"], findings)
    _refuse(findings)
    caution(portfolio, gathered, findings)
    apart = out is not None and str(Path(out).resolve()) != source.name
    later = later_decisions(Path(str(out)), portfolio, findings) if apart else ()
    _refuse(findings)
    portfolio = replace(portfolio, announced={one: told for one, told in announced.items() if one in portfolio.changes})
    alone = content_hash(portfolio)
    loaded = replace(
        portfolio,
        decisions=portfolio.decisions + later,
        warnings=tuple(findings.warnings),
        folder=source.name,
        folder_hash=alone,
        content_hash=alone,
    )
    return with_previous(replace(loaded, content_hash=content_hash(loaded)) if later else loaded, previous)


def with_previous(portfolio: Portfolio, previous: Schedule | None) -> Portfolio:
    """Give the portfolio as it is after the windows of an earlier schedule were announced."""
    announced = {
        one.change: (one.start, one.announced_at)
        for one in (previous.placements if previous else ())
        if one.announced_at is not None and one.change in portfolio.changes
    }
    if not announced and portfolio.content_hash:
        return portfolio
    portfolio = replace(portfolio, announced={**portfolio.announced, **announced})
    return replace(portfolio, content_hash=content_hash(portfolio))


def _refuse(findings: Findings) -> None:
    if findings.problems:
        raise InputError(findings.problems)


def _check_decisions(portfolio: Portfolio, table: Table, findings: Findings) -> None:
    """Report windows that stand pinned and that the change cannot have."""
    for change, start in standing(portfolio).pinned.items():
        rows = [row for row in table if row["change"] == change and row["start"] == start and row["kind"] != "reject"]
        if not rows:
            continue  # the window of somebody else's work
        check_start(
            rows[-1].place("start"), start, portfolio.changes[change].reserved_minutes, portfolio.horizon, findings
        )
