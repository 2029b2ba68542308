"""The JSON form of a plan: `schedule.json`, written from a result and read back as a schedule.

All instants are in UTC, written `2027-03-06T16:00:00Z`; `time_zone` is the zone to show them in.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from scheduler.inputs.cells import CellError, parse_time
from scheduler.inputs.errors import Findings, InputError, Place, shown
from scheduler.inputs.tables import instant, utc_text
from scheduler.inputs.text_files import read_text
from scheduler.portfolio import Portfolio
from scheduler.schedule import Charge, Clash, Placement, Result, Schedule, Shift, place

Document = dict[str, Any]


def schedule_document(result: Result, costs: Iterable[str] = ()) -> Document:
    """Give a result as the content of schedule.json; `costs` names parts that are listed even where they are 0."""
    portfolio = result.portfolio
    by_change = _sums(result.charges, "change")
    reasons = _reasons(result) if result.status == "INFEASIBLE" else {}
    parts = {name: {"cents": 0, "weighted_cents": 0} for name in costs} | _sums(result.charges, "cost")
    return {
        "status": result.status,
        "objective_cents": result.objective_cents,
        "bound_cents": result.bound_cents,
        "gap": result.gap,
        "cost_cents": result.cost_cents,
        "parts": dict(sorted(parts.items())),
        "fairness_price_cents": result.fairness_price_cents,
        "fairness": asdict(result.fairness) if result.fairness else None,
        **({"tail": asdict(result.tail)} if result.tail else {}),
        "seconds": round(result.seconds, 3),
        "now": utc_text(portfolio.now),
        "time_zone": portfolio.policy.time_zone,
        "seed": result.seed,
        "versions": dict(sorted(result.versions.items())),
        "portfolio_hash": portfolio.content_hash,
        "folder": portfolio.folder,
        "folder_hash": portfolio.folder_hash,
        "placements": [
            _placement(one, portfolio.now, by_change.get(one.change, {"cents": 0, "weighted_cents": 0}))
            for one in sorted(result.schedule.placements, key=lambda one: (one.change, one.start))
        ],
        "unplaced": [
            {"change": one.change, "reason": one.reason, "drop_cents": one.drop_cents}
            for one in sorted(result.unplaced, key=lambda one: one.change)
        ],
        "baselines": {
            name: {
                "objective_cents": one.objective_cents,
                "cost_cents": one.cost_cents,
                "drop_cents": one.drop_cents,
                "violations": one.violations,
            }
            for name, one in result.baselines.items()
        },
        "clash": _clash(result.clash),
    } | reasons


def _clash(clash: Iterable[Clash]) -> list[Document]:
    return [{"rule": one.rule, "changes": list(one.changes), "text": one.text} for one in clash]


def _reasons(result: Result) -> Document:
    """Give what is said beside a clash, where nothing fits."""
    return {
        "clash_is_minimal": result.clash_is_minimal,
        "more_clashes": [_clash(one) for one in result.more_clashes],
        "relaxations": [
            {
                "lifted": _clash(one.lifted),
                "objective_cents": one.objective_cents,
                "cost_cents": one.cost_cents,
                "proven": one.proven,
            }
            for one in result.relaxations
        ],
    }


def dump(document: Document) -> str:
    """Write a document as text, the same for the same content: two spaces of indent, keys in their order, UTF-8."""
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _sums(charges: Iterable[Charge], key: str) -> dict[str, dict[str, int]]:
    sums: dict[str, dict[str, int]] = {}
    for charge in charges:
        amounts = sums.setdefault(getattr(charge, key), {"cents": 0, "weighted_cents": 0})
        amounts["cents"] += charge.cents
        amounts["weighted_cents"] += charge.weighted_cents
    return sums


def _placement(one: Placement, now: datetime, amounts: Mapping[str, int]) -> Document:
    return {
        "change": one.change,
        "start": utc_text(one.start),
        "end": utc_text(one.end),
        "reserved_until": utc_text(one.reserved_until),
        "announced_at": utc_text(one.announced_at) if one.announced_at else None,
        "notice_from": utc_text(one.announced_at or now),
        **amounts,
        "engineers": [
            {
                "engineer": shift.engineer,
                "skill": shift.skill,
                "start": utc_text(shift.start),
                "end": utc_text(shift.end),
            }
            for shift in one.engineers
        ],
    }


def read_schedule(path: str | Path, portfolio: Portfolio) -> Schedule:
    """Read a schedule of a portfolio from any JSON document with a list `placements` of at least change and start.

    Ends and announcements that are not given are worked out from the portfolio. Whether the schedule is any good is
    not asked here: changes that the portfolio does not have, windows of a wrong length and broken rules are for
    `scheduler.verify`. Times without an offset are in the policy's zone.

    Raises
    ------
    InputError
        With everything that cannot be read.
    """
    file = Path(path)
    findings = Findings()
    if not file.is_file():
        raise InputError([f"{file.name}: there is no such file"])
    rows = _rows(file, findings)
    placements = [_read_placement(_Entry(file.name, f"placements[{number}]", row, portfolio, findings))
                  for number, row in enumerate(rows)]  # fmt: skip
    if findings.problems:
        raise InputError(findings.problems)
    found = [one for one in placements if one is not None]
    return Schedule(tuple(sorted(found, key=lambda one: (one.change, one.start))))


def _rows(file: Path, findings: Findings) -> list[Any]:
    text = read_text(file, findings)
    if text is None:
        return []
    try:
        document = json.loads(text)
    except (ValueError, RecursionError, MemoryError) as error:
        findings.problem(Place(file.name), f"is not JSON ({error}); write it with plan --out")
        return []
    rows = document.get("placements") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        text = "has no list 'placements'; write one with a change and a start in each entry"
        findings.problem(Place(file.name), text)
        return []
    return rows


class _Entry:
    """One entry of a list in the document, whose problems are noted under its name."""

    def __init__(self, file: str, name: str, content: Any, portfolio: Portfolio, findings: Findings) -> None:
        self.file, self.name, self.portfolio, self.findings = file, name, portfolio, findings
        self.content: Mapping[str, Any] = content if isinstance(content, dict) else {}
        if not isinstance(content, dict):
            self.problem("", f"{shown(content)} is not an object; write one with a change and a start")

    def problem(self, key: str, text: str) -> None:
        """Note a problem of a key, or of the entry."""
        self.findings.problem(Place(self.file, 0, f"{self.name}.{key}" if key else self.name), text)

    def text(self, key: str) -> str | None:
        """Give a required text; None and a problem where there is none."""
        value = self.content.get(key)
        if not isinstance(value, str) or not value:
            if self.content:
                self.problem(key, f"{shown(value)} is not text; fill it in" if value else "is missing; add it")
            return None
        return value

    def time(self, key: str, *, required: bool = False) -> datetime | None:
        """Give an instant; None where there is none, and a problem where it is required or cannot be read."""
        if not required and self.content.get(key) is None:
            return None
        value = self.text(key)
        if value is None:
            return None
        place = Place(self.file, 0, f"{self.name}.{key}")
        try:
            return instant(parse_time(value), value, self.portfolio.policy.time_zone, place, self.findings)
        except CellError as error:
            self.findings.problem(place, str(error))
            return None


def _read_placement(entry: _Entry) -> Placement | None:
    portfolio = entry.portfolio
    change, start = entry.text("change"), entry.time("start", required=True)
    end, until, announced = (entry.time(key) for key in ("end", "reserved_until", "announced_at"))
    engineers = entry.content.get("engineers") or []
    if not isinstance(engineers, list):
        entry.problem("engineers", f"{shown(engineers)} is not a list; write one, or leave it out")
        engineers = []
    shifts = [_read_shift(_Entry(entry.file, f"{entry.name}.engineers[{number}]", row, portfolio, entry.findings))
              for number, row in enumerate(engineers)]  # fmt: skip
    if change is None or start is None:
        return None
    if change in portfolio.changes:
        known = place(portfolio, change, start)
    else:
        # The change is unknown, which is for verify to say; its window has to have some length.
        known = Placement(change=change, start=start, end=start + portfolio.horizon.slot,
                          reserved_until=start + portfolio.horizon.slot)  # fmt: skip
    return Placement(
        change=change,
        start=start,
        end=end or known.end,
        reserved_until=until or known.reserved_until,
        announced_at=announced if "announced_at" in entry.content else known.announced_at,
        engineers=tuple(shift for shift in shifts if shift is not None),
    )


def _read_shift(entry: _Entry) -> Shift | None:
    engineer, skill = entry.text("engineer"), entry.text("skill")
    start, end = entry.time("start", required=True), entry.time("end", required=True)
    if engineer is None or skill is None or start is None or end is None:
        return None
    return Shift(engineer=engineer, skill=skill, start=start, end=end)
