"""Reads the decisions beside a plan: a log that grows while a portfolio changes under it.

What is wrong with its form is a problem as in any file. But a row is passed over, with a warning, where the portfolio
has no place for it any more: the change is gone, or the horizon has moved on.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scheduler.inputs.errors import Findings, InputError, Place, shown
from scheduler.inputs.tables import Row, read_table, unguarded, utc_text
from scheduler.portfolio import Decision, Portfolio

FILE = "decisions.csv"
_TEXTS = ("change", "reason", "by")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedDecision:
    """One row of a log of decisions: what was decided, and why, by whom and when where that is known."""

    decision: Decision
    reason: str = ""
    by: str = ""
    at: datetime | None = None


def read_decisions(folder: str | Path) -> list[LoggedDecision]:
    """Read the decisions beside a plan in their order; a log that is not there is empty.

    Raises
    ------
    InputError
        With everything that is wrong with it.
    """
    findings = Findings()
    rows = _rows(Path(folder), "UTC", findings)
    if findings.problems:
        raise InputError(findings.problems)
    return [
        LoggedDecision(decision=decision_of(row), reason=row["reason"] or "", by=row["by"] or "", at=row["at"])
        for row in rows
    ]


def later_decisions(folder: Path, portfolio: Portfolio, findings: Findings) -> tuple[Decision, ...]:
    """Read the decisions beside a plan that concern a portfolio, in their order."""
    kept = []
    for row in _rows(folder, portfolio.policy.time_zone, findings):
        change, start = row["change"], row["start"]
        if change is None or start is None or row["kind"] is None:
            continue
        place = Place(str(folder / FILE), row.number)
        if change not in portfolio.changes:
            if change not in portfolio.done:
                findings.warn(place, f"{shown(change)} is not in changes.csv any more, this row is passed over")
        elif not _fits(portfolio, change, start):
            findings.warn(place, f"{utc_text(start)} is no start inside the horizon, this row is passed over")
        else:
            kept.append(decision_of(row))
    return tuple(kept)


def decision_of(row: Row) -> Decision:
    """Give the decision that a row of decisions.csv holds."""
    return Decision(change=row["change"], kind=row["kind"], start=row["start"], announced_at=row["announced_at"])


def _fits(portfolio: Portfolio, change: str, start: datetime) -> bool:
    horizon = portfolio.horizon
    until = start + portfolio.reserved(change) * horizon.slot
    return horizon.on_grid(start) and horizon.start <= start and until <= horizon.end


def _rows(folder: Path, zone: str, findings: Findings) -> list[Row]:
    found = Findings()
    table = read_table(folder, FILE, found, lambda row: zone)
    # The portfolio has a file of the same name.
    findings.adopt(found, str(folder / FILE))
    for row in table.rows:
        row.values |= {name: unguarded(row[name]) for name in _TEXTS if row[name]}
    return table.rows
