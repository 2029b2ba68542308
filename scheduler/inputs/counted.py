"""Usage that other systems have counted: Prometheus range queries and SQL queries become rows of usage."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy

from scheduler.inputs.errors import InputError
from scheduler.inputs.logs import PERIOD_MINUTES, SERIES, Counted, Pairs, first_line

_LAST_SECOND = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


def prometheus(path: str | Path, pairs: Pairs) -> Counted:
    """Take users from the answer to a Prometheus range query (a matrix, as `/api/v1/query_range` gives it).

    The labels team and service of a series say whose it is, where `pairs` does not; values of one hour are averaged.
    Values that are no numbers are not recorded.

    Raises
    ------
    InputError
        If the file is no such answer, or a series does not say whose it is.
    """
    try:
        answer = json.loads(Path(path).read_bytes())
        series = answer["data"]["result"] if answer["data"]["resultType"] == "matrix" else None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError([f"{path}: is no answer to a range query; save that of /api/v1/query_range"]) from error
    if not isinstance(series, list) or not all(isinstance(one, dict) for one in series):
        raise InputError([f"{path}: is no answer to a range query (resultType is not matrix)"])
    rows: list[tuple[str, str, datetime, float]] = []
    problems, unread = [], 0
    for number, one in enumerate(series, start=1):
        labels: Mapping[str, Any] = one.get("metric", {})
        team, service = (getattr(pairs, name) or str(labels.get(name, "")) for name in SERIES)
        if not team or not service:
            problems.append(f"{path}, series {number}: has no labels team and service; say them for all series")
            continue
        for value in one.get("values", []):
            at, users = (_number(part) for part in value) if isinstance(value, list) and len(value) == 2 else (None, 0)
            if at is None or users is None or at > _LAST_SECOND:
                unread += 1
            else:
                hour = int(at) // (PERIOD_MINUTES * 60) * PERIOD_MINUTES * 60
                rows.append((team, service, datetime.fromtimestamp(hour, UTC), users))
    if not rows and not problems:
        problems = [f"{path}: holds no value that can be read ({unread:,} tried); check the query and its range"]
    if problems:
        raise InputError(problems)
    frame = pd.DataFrame(rows, columns=["team", "service", "start", "users"])
    means = frame.groupby(["team", "service", "start"])[["users"]].mean().reset_index()
    means.insert(3, "minutes", PERIOD_MINUTES)
    return Counted(means, unread)


def sql_query(url: str, query: str) -> Counted:
    """Take users from a query to a database by its URL; it gives team, service, start, users and perhaps minutes.

    Raises
    ------
    InputError
        If the database cannot be reached, or the answer lacks a column.
    """
    try:
        engine = sqlalchemy.create_engine(url)
        with engine.connect() as connection:
            answer = connection.execute(sqlalchemy.text(query))
            names = [str(name).lower() for name in list(answer.keys())]
            found = pd.DataFrame(answer.fetchall(), columns=names)
        engine.dispose()
    except (sqlalchemy.exc.SQLAlchemyError, ModuleNotFoundError) as error:
        # Without the address, which may hold a password.
        raise InputError([f"the query cannot be answered ({type(error).__name__}: {first_line(error)})"]) from error
    missing = [name for name in ("team", "service", "start", "users") if name not in found]
    if missing:
        raise InputError([f"the query gives no column {name}; name it so" for name in missing])
    start = pd.to_datetime(found["start"], utc=True, errors="coerce", format="ISO8601")
    minutes = pd.to_numeric(found.get("minutes", pd.Series(PERIOD_MINUTES, found.index)), errors="coerce")
    users = pd.to_numeric(found["users"], errors="coerce").astype("float64")
    read = start.notna() & (minutes > 0) & (minutes % 1 == 0) & (users >= 0) & (users < float("inf"))
    read &= found["team"].notna() & found["service"].notna()
    if not read.any():
        raise InputError([f"no row of the answer to the query can be read ({len(found):,} tried); start is ISO 8601"])
    usage = found.assign(start=start, minutes=minutes, users=users)[read].astype({"minutes": "int64"})
    return Counted(usage[["team", "service", "start", "minutes", "users"]], int((~read).sum()))


def _number(value: object) -> float | None:
    try:
        users = float(str(value))
    except ValueError:
        return None
    return users if 0 <= users < float("inf") else None
