"""Reads recorded usage: naive times are on the wall clock of the team, both passes of a repeated hour told apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from scheduler.horizon import is_repeated, is_skipped, wall_to_utc
from scheduler.inputs.errors import Findings, Place, and_more, shown
from scheduler.inputs.pairs import named
from scheduler.inputs.recorded import Coded, Codes, Recorded, numbers, times
from scheduler.inputs.tables import skipped_text, utc_text
from scheduler.portfolio import no_usage

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MOST_VALUES = 20
_STALE = timedelta(weeks=2)
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Names:
    """What the ids of a column may be, and where they stand; None where that could not be read in full."""

    where: str
    known: frozenset[str] | None


@dataclass(slots=True)
class _Rows:
    """Rows whose cells could all be read, in the order of the file; `pair` counts teams × services."""

    position: Codes
    pair: Codes
    start: Codes
    utc: Codes
    moved: Mask


def read_usage(
    recorded: Recorded | None,
    team_zones: Mapping[str, str],
    teams: Names,
    services: Names,
    now: datetime,
    findings: Findings,
) -> pd.DataFrame:
    """Turn the columns of recorded usage into the table of `scheduler.portfolio.no_usage`; without any it has no rows.

    Rows come sorted by team, service and start, whatever their order in the file. Rows from `now` on are kept, since
    they say who uses what, and warned about.
    """
    if recorded is None:
        return no_usage()
    team, service, start = (recorded.coded(name) for name in ("team", "service", "start"))
    users = numbers(recorded, "users", findings)
    minutes = np.broadcast_to(np.float64(60), len(users))
    if "minutes" in recorded.columns:
        given = numbers(recorded, "minutes", findings)
        minutes = np.where(np.isnan(given), minutes, given)
    blank = (team.codes < 0) & (service.codes < 0) & (start.codes < 0) & np.isnan(users)
    team_ids, team_of = _ids(recorded, team, "team", teams, blank, findings)
    service_ids, service_of = _ids(recorded, service, "service", services, blank, findings)
    instants = times(recorded, start, findings)
    if len(start.codes):
        _require(recorded, start.codes, "start", blank, findings)
    readable = np.array([value is not None for value in instants] or [False], dtype=np.bool_)
    valid = (team_of >= 0) & (service_of >= 0) & (start.codes >= 0) & readable[start.codes]
    # Every column has millions of rows: what is done with makes room for what comes.
    del blank, readable, team, service
    position = _small(np.flatnonzero(valid), len(valid))
    del valid
    zones = sorted({team_zones[name] for name in team_ids if name in team_zones} | {"UTC"})
    zone_of_team = np.array([zones.index(team_zones.get(name, "UTC")) for name in team_ids] or [0], dtype=np.int32)
    pairs = len(team_ids) * len(service_ids)
    team_of, service_of = team_of[position], service_of[position]
    pair = _small(team_of, pairs) * len(service_ids) + service_of
    rows = _Rows(position, pair, start.codes[position], np.zeros(0, np.int64), np.zeros(0, np.bool_))
    del service_of, position, pair
    _to_utc(recorded, rows, zone_of_team[team_of], zones, instants, start, findings)
    del start, team_of
    order = _unique(recorded, rows, team_ids, service_ids, findings)
    frame = pd.DataFrame(
        {
            "team": named(team_ids, rows.pair[order] // max(1, len(service_ids))),
            "service": named(service_ids, rows.pair[order] % max(1, len(service_ids))),
            "start": pd.DatetimeIndex((rows.utc[order] * 1000).view("datetime64[ns]")).tz_localize("UTC"),
            "minutes": minutes[rows.position[order]].astype(np.int64),
            "users": users[rows.position[order]],
        }
    )
    _remark(recorded, rows, minutes, now, findings)
    return frame


def _small(codes: Codes, most: int) -> Codes:
    """Give numbers below `most` in 32 bits where they fit."""
    return codes.astype(np.int32 if most < 2**31 else np.int64, copy=False)


def _require(recorded: Recorded, codes: Codes, column: str, blank: Mask, findings: Findings) -> None:
    missing = np.where(blank, 0, codes)
    recorded.refuse(missing, -1, column, "this required cell is empty; fill it in", findings)


def _ids(
    recorded: Recorded, column: Coded, name: str, names: Names, blank: Mask, findings: Findings
) -> tuple[list[str], Codes]:
    """Give the ids in order, and the position of each row's id in that order; -1 where it is empty or unknown."""
    _require(recorded, column.codes, name, blank, findings)
    texts = [str(value).strip() if value is not None else "" for value in column.values]
    used = set(np.flatnonzero(np.bincount(column.codes + 1, minlength=1)[1:]).tolist())
    accepted: dict[str, list[int]] = {}
    refused: list[int] = []
    for code, text in enumerate(texts):
        if text and code in used:
            if names.known is None or text in names.known:
                accepted.setdefault(text, []).append(code)
            else:
                refused.append(code)
    for code in refused[:_MOST_VALUES]:
        mend = findings.guess(texts[code], names.known or (), "add it there, or correct it here")
        recorded.refuse(column.codes, code, name, f"{shown(texts[code])} is not in {names.where}{mend}", findings)
    if len(refused) > _MOST_VALUES:
        text = f"{len(refused) - _MOST_VALUES:,} more ids are not in {names.where}; add them there"
        findings.problem(Place(recorded.file, 0, name), text)
    ids = sorted(accepted)
    table = np.full(len(texts) + 1, -1, dtype=np.int32)
    for number, text in enumerate(ids):
        table[accepted[text]] = number
    return ids, table[column.codes]


def _to_utc(
    recorded: Recorded,
    rows: _Rows,
    zone: Codes,
    zones: list[str],
    instants: list[datetime | None],
    start: Coded,
    findings: Findings,
) -> None:
    """Fill in the instants of all rows, in microseconds since 1970, and mark those moved out of a skipped hour.

    Where two rows of a team and service have the same time of a repeated hour, the second one is the second pass.
    """
    size = max(1, len(instants))
    keys = len(zones) * size
    codes = _small(zone, keys) * size + rows.start
    present = np.zeros(keys, np.bool_)
    present[codes] = True
    first, second = np.zeros(keys, np.int64), np.zeros(keys, np.int64)
    skipped, repeated = np.zeros(keys, np.bool_), np.zeros(keys, np.bool_)
    for key in np.flatnonzero(present).tolist():
        value, name = instants[key % size], zones[key // size]
        assert value is not None
        if value.tzinfo is not None:
            first[key] = (value - _EPOCH) // _MICROSECOND
            continue
        first[key] = (wall_to_utc(value, name) - _EPOCH) // _MICROSECOND
        skipped[key], repeated[key] = is_skipped(value, name), is_repeated(value, name)
        second[key] = (value.replace(tzinfo=ZoneInfo(name), fold=1).astimezone(UTC) - _EPOCH) // _MICROSECOND
    rows.utc, rows.moved = first[codes], skipped[codes]
    twice = np.flatnonzero(repeated[codes])
    if len(twice):
        frame = pd.DataFrame({"pair": rows.pair[twice], "start": rows.start[twice]})
        again = twice[frame.groupby(["pair", "start"]).cumcount().to_numpy() > 0]
        rows.utc[again] = second[codes[again]]
    moved = np.flatnonzero(rows.moved)
    if len(moved):
        one = int(moved[0])
        found = _EPOCH + int(rows.utc[one]) * _MICROSECOND
        text = skipped_text(str(start.values[rows.start[one]]), zones[zone[one]], found)
        findings.warn(recorded.place(int(rows.position[one]), "start"), f"{text}{and_more(len(moved))}")


def _unique(recorded: Recorded, rows: _Rows, teams: list[str], services: list[str], findings: Findings) -> Codes:
    """Give the rows to keep, ordered by team, service and start: no two of one team and service may start together.

    A row moved out of a skipped hour gives way where that hour has a row of its own.
    """
    later = np.diff(rows.pair) > 0
    later |= (np.diff(rows.pair) == 0) & (np.diff(rows.utc) > 0)
    if later.all():
        return _small(np.arange(len(rows.utc)), len(rows.utc))
    del later
    # Within a moment those not moved come first, each in the order of the file.
    keys = (rows.utc, rows.pair) if not rows.moved.any() else (rows.moved, rows.utc, rows.pair)
    order = _small(np.lexsort(keys), len(rows.utc))
    same = np.zeros(len(order), np.bool_)
    pair, utc = rows.pair[order], rows.utc[order]
    same[1:] = (pair[1:] == pair[:-1]) & (utc[1:] == utc[:-1])
    del pair, utc
    if not same.any():
        return order
    # The first row of each run of rows of one moment.
    begin = np.maximum.accumulate(np.where(same, 0, np.arange(len(order))))
    gives_way = same & rows.moved[order] & ~rows.moved[order[begin]]
    again = np.flatnonzero(same & ~gives_way)
    again = again[np.argsort(order[again], kind="stable")]
    for at in again[:_MOST_VALUES].tolist():
        row, first = int(order[at]), int(order[begin[at]])
        pair_of = int(rows.pair[row])
        names = f"{shown(teams[pair_of // len(services)])} and {shown(services[pair_of % len(services)])}"
        moment = utc_text(_EPOCH + int(rows.utc[row]) * _MICROSECOND)
        line = recorded.line(int(rows.position[first]))
        text = f"{moment} is recorded for {names} in row {line} too; keep one of the two rows"
        findings.problem(recorded.place(int(rows.position[row]), "start"), text)
    if len(again) > _MOST_VALUES:
        text = f"{len(again) - _MOST_VALUES:,} more rows record the same team, service and time again; keep one of each"
        findings.problem(Place(recorded.file, 0, "start"), text)
    return order[~same]


def _remark(
    recorded: Recorded, rows: _Rows, minutes: npt.NDArray[np.float64], now: datetime, findings: Findings
) -> None:
    at = (now - _EPOCH) // _MICROSECOND
    late = np.flatnonzero(rows.utc >= at)
    if len(late):
        place = recorded.place(int(rows.position[late].min()))
        text = f"{len(late):,} rows start" if len(late) > 1 else "one row starts"
        findings.warn(place, f"{text} at or after now ({utc_text(now)}); their users are ignored")
    end = rows.utc + minutes[rows.position].astype(np.int64) * 60_000_000
    past = end[rows.utc < at]
    if len(past):
        last = _EPOCH + int(past.max()) * _MICROSECOND
        if now - last > _STALE:
            days = (now - last).days
            text = f"the last row ends {utc_text(last)}, {days} days before now; record newer usage for a better plan"
            findings.warn(Place(recorded.file), text)
