"""Usage from logs: access logs and sign-in logs become rows of usage.

A user is present for `session_minutes` after each request; the users of a period are the minutes present in it over its
length. Logs are counted by DuckDB, out of core: it keeps what does not fit into memory on disk, reads compressed text
by itself and needs no server.
"""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from scheduler.inputs.errors import InputError

if TYPE_CHECKING:
    import duckdb

SESSION_MINUTES, PERIOD_MINUTES = 15, 60
MEMORY = "1GB"
"""What DuckDB may hold in memory before it goes on on disk."""

# The combined log format: host ident user [time] "request" status bytes "referer" "agent"; the last two are optional.
_LINE = r'^(\S+) \S+ (\S+) \[([^\]]+)\] "'
_TIME = "%d/%b/%Y:%H:%M:%S %z"
SERIES = ("team", "service")
_READ = "moment IS NOT NULL AND who <> '' AND team <> '' AND service <> ''"
REQUESTS = {"team": "str", "service": "str", "who": "str", "moment": "int64"}
PRESENT = {"team": "str", "service": "str", "period": "int64", "present": "int64"}


@dataclass(frozen=True, slots=True)
class Pairs:
    """Which team and service each line of a log is of: the same for all, where a column does not say it."""

    team: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """Rows of usage as `usage.csv` has them, and how many lines of the log could not be read."""

    usage: pd.DataFrame
    unread: int


def access_log(path: str | Path, pairs: Pairs, *, session_minutes: int = SESSION_MINUTES) -> Counted:
    """Count the users of an access log in the combined (or common) format, gzip or not; a user, else a host, is one.

    Raises
    ------
    InputError
        If the file cannot be read, or no line of it can.
    """
    with _Counting() as base:
        lines = (
            f"SELECT line, regexp_extract(line, '{_LINE}', ['host', 'user', 'time']) AS found FROM "
            "read_csv(?, columns={'line': 'VARCHAR'}, header=false, delim='\\x01', quote='', escape='', "
            "auto_detect=false, ignore_errors=true, null_padding=true, max_line_size=1048576)"
        )
        requests = (
            f"SELECT if(found.user IN ('', '-'), found.host, found.user) AS who, "
            f"epoch_ms(try_strptime(found.time, '{_TIME}')) // 1000 AS moment, line FROM ({lines})"
        )
        _load(base, f"SELECT '{_text(pairs.team)}' AS team, '{_text(pairs.service)}' AS service, who, moment, line "
                    f"FROM ({requests}) WHERE trim(line) <> ''", [str(path)], path)  # fmt: skip
        return _counted(base, path, session_minutes)


def sign_in_log(path: str | Path, pairs: Pairs, *, session_minutes: int = SESSION_MINUTES) -> Counted:
    """Count the users of a sign-in log: CSV or Parquet with the columns time (ISO 8601, UTC if it says nothing), user.

    Columns team and service say whose sign-in it is, and to what, where `pairs` does not. A folder is read as one log
    in parts: every Parquet file below it.

    Raises
    ------
    InputError
        If the file cannot be read, lacks a column, or no line of it can be read.
    """
    import duckdb

    with _Counting() as base:
        parts = Path(path).is_dir()
        place = str(Path(path) / "**" / "*.parquet") if parts else str(path)
        parquet = parts or Path(path).suffix.lower() == ".parquet"
        source = "read_parquet(?)" if parquet else "read_csv(?, header=true, all_varchar=true, ignore_errors=true)"
        try:
            columns = [str(row[0]) for row in base.execute(f"DESCRIBE SELECT * FROM {source}", [place]).fetchall()]
        except duckdb.Error as error:
            raise InputError([f"{path}: cannot be read ({first_line(error)})"]) from error
        require_columns(path, columns, pairs)
        _load(base, f"{_sign_ins(pairs)} FROM {source}", [place], path)
        return _counted(base, path, session_minutes)


def require_columns(path: str | Path, columns: Iterable[str], pairs: Pairs) -> None:
    """See that a log of sign-ins has the columns that it needs.

    Raises
    ------
    InputError
        If it lacks one.
    """
    there = {name.lower() for name in columns}
    missing = [name for name in ("time", "user") if name not in there]
    missing += [name for name in SERIES if name not in there and not getattr(pairs, name)]
    if missing:
        raise InputError([f"{path}: has no column {name}; add it, or say it for all lines" for name in missing])


def _sign_ins(pairs: Pairs) -> str:
    named = [
        f"'{_text(getattr(pairs, name))}' AS {name}" if getattr(pairs, name) else f"trim({name}) AS {name}"
        for name in SERIES
    ]
    at = 'epoch_ms(try_cast("time" AS TIMESTAMPTZ)) // 1000 AS moment'
    return f'SELECT {", ".join(named)}, trim("user") AS who, {at}, 1 AS line'


def requests_in(part: pd.DataFrame, pairs: Pairs) -> pd.DataFrame:
    """Give the different requests of a part of a log of sign-ins, with the columns `REQUESTS`.

    One more row without a team says, as its moment, how many lines could not be read.
    """
    with _Counting() as base:
        base.register("coming", part)
        base.execute(f"CREATE TABLE requests AS {_sign_ins(pairs)} FROM coming")
        found = base.execute(f"""
            SELECT DISTINCT team, service, who, moment FROM requests WHERE {_READ}
            UNION ALL SELECT '', '', '', count(*) FILTER (WHERE NOT coalesce({_READ}, false)) FROM requests
        """).df()  # fmt: skip
    return found.astype(REQUESTS)


def present_in(requests: pd.DataFrame, *, session_minutes: int = SESSION_MINUTES) -> pd.DataFrame:
    """Give the seconds present per period, with the columns `PRESENT`, of all requests of some users of a pair.

    Lines that could not be read stay a row without a team, counted as seconds.
    """
    read = requests["team"] != ""
    with _Counting() as base:
        base.register("coming", requests[read])
        base.execute("CREATE TABLE requests AS SELECT * FROM coming")
        found = _present(base, session_minutes, "true")
    unread = {"team": [""], "service": [""], "period": [0], "present": [requests.loc[~read, "moment"].sum()]}
    return pd.concat([found, pd.DataFrame(unread)], ignore_index=True).astype(PRESENT)


def counted_present(path: str | Path, present: pd.DataFrame) -> Counted:
    """Put together what `present_in` gave for parts of a log that have no user of a pair in common.

    Raises
    ------
    InputError
        If no line could be read.
    """
    known = present[present["team"] != ""]
    unread = int(present.loc[present["team"] == "", "present"].sum())
    if known.empty:
        raise InputError([f"{path}: no line can be read ({unread:,} tried); check its format"])
    period = PERIOD_MINUTES * 60
    rows = []
    for (team, service), one in known.groupby(list(SERIES)):
        seconds = one.groupby("period")["present"].sum()
        hours = range(int(seconds.index.min()), int(seconds.index.max()) + 1, period)
        filled = [int(seconds.get(hour, 0)) for hour in hours]
        rows.append(pd.DataFrame({"team": team, "service": service, "period": hours, "present": filled}))
    return Counted(_usage(pd.concat(rows, ignore_index=True)), unread)


def stream(batches: Iterable[pa.RecordBatch], *, session_minutes: int = SESSION_MINUTES) -> pd.DataFrame:
    """Count users in batches of requests that come one by one, with the columns team, service, who and at.

    `at` is in whole seconds since 1970. Batches are kept on disk: what comes may be larger than memory.
    """
    with _Counting() as base:
        base.execute("CREATE TABLE requests (team VARCHAR, service VARCHAR, who VARCHAR, moment BIGINT)")
        reader = pa.RecordBatchReader.from_batches(
            pa.schema([("team", pa.string()), ("service", pa.string()), ("who", pa.string()), ("at", pa.int64())]),
            iter(batches),
        )
        base.register("coming", reader)
        base.execute('INSERT INTO requests SELECT team, service, who, "at" FROM coming')
        return _usage(_present(base, session_minutes))


class _Counting:
    """A database of its own on disk, with little memory, that is gone afterwards."""

    def __enter__(self) -> "duckdb.DuckDBPyConnection":
        self._folder = tempfile.TemporaryDirectory(prefix="scheduler-")
        folder = Path(self._folder.name)
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY,
            "temp_directory": str(folder / "spill"),
            "threads": "2",
        }
        # Loaded for this alone: every other command would pay some 80 MB for it.
        import duckdb

        self._base = duckdb.connect(str(folder / "usage.duckdb"), config=settings)
        self._base.execute("SET threads = 2; SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
        self._base.execute("SET enable_progress_bar = false")
        return self._base

    def __exit__(self, *_: object) -> None:
        self._base.close()
        self._folder.cleanup()


def _load(base: "duckdb.DuckDBPyConnection", query: str, values: list[str], path: str | Path) -> None:
    import duckdb

    try:
        base.execute(f"CREATE TABLE requests AS {query}", values)
    except duckdb.Error as error:
        raise InputError([f"{path}: cannot be read ({first_line(error)})"]) from error


def _counted(base: "duckdb.DuckDBPyConnection", path: str | Path, session_minutes: int) -> Counted:
    asked = base.execute(f"SELECT count(*), count(*) FILTER (WHERE {_READ}) FROM requests").fetchone()
    lines, known = asked or (0, 0)
    if not known:
        raise InputError([f"{path}: no line can be read ({lines:,} tried); check its format"])
    return Counted(_usage(_present(base, session_minutes, _READ)), lines - known)


def _present(base: "duckdb.DuckDBPyConnection", session_minutes: int, read: str = "true") -> pd.DataFrame:
    """Turn requests into seconds of users per period: overlapping presences of one user count once.

    A request adds the time until its session ends or the next request of that user there comes, cut at the ends of
    periods. Periods without anybody between the first and the last request of a pair have 0 users.
    """
    session, period = session_minutes * 60, PERIOD_MINUTES * 60
    reach = session // period + 1
    seconds = f"""
        WITH stays AS (
            SELECT team, service, moment AS began,
                least(moment + {session}, coalesce(lead(moment) OVER (PARTITION BY team, service, who ORDER BY moment),
                    moment + {session}))
                AS finish
            FROM (SELECT DISTINCT team, service, who, moment FROM requests WHERE {read})
        ), cut AS (
            SELECT team, service, (began // {period} + n) * {period} AS period,
                least(finish, (began // {period} + n + 1) * {period})
                - greatest(began, (began // {period} + n) * {period}) AS present
            FROM stays, range({reach + 1}) AS steps(n)
            WHERE (began // {period} + n) * {period} < finish
        ), filled AS (
            SELECT team, service, period, sum(present) AS present FROM cut GROUP BY ALL
            UNION ALL
            SELECT team, service, unnest(range(min(moment) // {period} * {period}, max(moment) + 1, {period})), 0
            FROM requests WHERE {read} GROUP BY team, service
        )
        SELECT team, service, period, sum(present) AS present FROM filled GROUP BY ALL ORDER BY team, service, period
    """
    return base.execute(seconds).df()


def _usage(found: pd.DataFrame) -> pd.DataFrame:
    """Give mean users per period as `usage.csv` has them."""
    return pd.DataFrame(
        {
            "team": found["team"],
            "service": found["service"],
            "start": pd.to_datetime(found["period"], unit="s", utc=True),
            "minutes": PERIOD_MINUTES,
            "users": found["present"].astype("int64") / (PERIOD_MINUTES * 60),
        }
    )


def usage_csv(usage: pd.DataFrame) -> bytes:
    """Write rows of usage as usage.csv."""
    shown = usage.assign(start=usage["start"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    return bytes(shown.to_csv(index=False, float_format="%.6g", lineterminator="\n").encode())


def _text(text: str) -> str:
    return text.replace("'", "''")


def first_line(error: Exception) -> str:
    """Give what an error says first, cut to a line of a message."""
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
