"""Recorded hourly usage to replay: `series.csv` says what each series is, `usage_hourly.parquet` holds its hours.

`series.csv` has the columns dataset, series_id and holiday_calendar (a code of the `holidays` package; may be empty);
`usage_hourly.parquet` has dataset, series_id, ts (start of the hour on the wall clock of the series) and value, empty
where nothing was recorded. Series of one data set make a family: they are forecast together, as the series of one
organisation are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from scheduler.demand.public_holidays import public_holidays
from scheduler.inputs import InputError

HOURS_PER_WEEK = 168
HISTORY_WEEKS = 12
AHEAD_WEEKS = 2
SERIES, USAGE = "series.csv", "usage_hourly.parquet"
_LEAST_RECORDED = 0.5
_MOST_VALUES = 200_000_000
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Recording:
    """One series by local hour from a Monday on; `users` and `holiday` have shape (weeks, 168).

    `monday` is the number of that day, as `datetime.date.toordinal` counts; NaN is not recorded.
    """

    family: str
    name: str
    monday: int
    users: Floats
    holiday: Flags


@dataclass(frozen=True, slots=True)
class Origin:
    """What was known of the series of a family on one Monday 00:00, and what then happened.

    `past` has shape (series, 12 × 168) and `ahead` (series, 2 × 168), in the unit of the series; NaN is not recorded,
    or over. `past_holiday` and `holiday_ahead` say which of those hours lie on public holidays. `scale` is the mean
    hour of each whole series: the unit that use is told in, which no forecast sees. `weeks` says how many of the weeks
    ahead each series has.
    """

    family: str
    monday: int
    names: tuple[str, ...]
    past: Floats
    past_holiday: Flags
    holiday_ahead: Flags
    ahead: Floats
    scale: Floats
    weeks: npt.NDArray[np.int64]

    def unseen(self) -> "Origin":
        """Give the same without what then happened: what a forecast may look at."""
        nothing = np.full_like(self.ahead, np.nan)
        hidden = np.full_like(self.scale, np.nan), np.zeros_like(self.weeks)
        known = self.family, self.monday, self.names, self.past, self.past_holiday, self.holiday_ahead
        return Origin(*known, nothing, *hidden)


def read_recordings(folder: str | Path) -> list[Recording]:
    """Read every series of a folder.

    Raises
    ------
    InputError
        With every reason that the folder cannot be used.
    """
    folder = Path(folder)
    about, rows = _tables(folder)
    problems = []
    by_series = dict(tuple(rows.groupby(["dataset", "series_id"], sort=False)))
    found = []
    for line, (family, name, code) in enumerate(about.itertuples(index=False), start=2):
        if (family, name) not in by_series:
            problems.append(
                f"{SERIES}, row {line}: {USAGE} has no rows of {name!r} in {family!r}; add them, or drop it"
            )
            continue
        try:
            found.append(_recording(family, name, code, by_series[family, name]))
        except (KeyError, NotImplementedError):
            problems.append(f"{SERIES}, row {line}, holiday_calendar: {code!r} is no code of the holidays package")
    if not about.size:
        problems.append(f"{SERIES}: has no rows; add one per series")
    if problems:
        raise InputError(problems)
    return found


def _tables(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    wanted = {SERIES: ["dataset", "series_id", "holiday_calendar"], USAGE: ["dataset", "series_id", "ts", "value"]}
    tables, problems = [], []
    for name, columns in wanted.items():
        try:
            table = pd.read_csv(folder / name, dtype=str) if name == SERIES else pd.read_parquet(folder / name)
            missing = [column for column in columns if column not in table.columns]
            problems += [f"{name}: has no column {column}; add it" for column in missing]
            tables.append(table if missing else table[columns])
        except FileNotFoundError:
            problems.append(f"{folder / name}: is not there; --usage-only needs {SERIES} and {USAGE}")
        except (OSError, ValueError) as error:
            problems.append(f"{name}: cannot be read ({' '.join(str(error).split())[:200]}); check how it was saved")
    if problems:
        raise InputError(problems)
    about, rows = tables
    try:
        rows = rows.assign(
            dataset=rows["dataset"].astype(str),
            series_id=rows["series_id"].astype(str),
            ts=pd.to_datetime(rows["ts"]),
            value=pd.to_numeric(rows["value"]),
        )
    except (ValueError, TypeError) as error:
        raise InputError([f"{USAGE}: cannot be read ({' '.join(str(error).split())[:200]}); mend it"]) from error
    if rows["ts"].dt.tz is not None:
        raise InputError([f"{USAGE}, ts: has a time zone; write the wall clock of each series without one"])
    return about.fillna(""), rows


def _recording(family: str, name: str, code: str, rows: pd.DataFrame) -> Recording:
    hours = rows.dropna(subset="ts").drop_duplicates("ts").set_index("ts")["value"].sort_index()
    hours = hours.where(np.isfinite(hours) & (hours >= 0))
    monday = hours.index[0].normalize() - pd.Timedelta(days=hours.index[0].weekday())
    weeks = int((hours.index[-1] - monday + pd.Timedelta(hours=1)) // pd.Timedelta(weeks=1))
    grid = pd.date_range(monday, periods=weeks * HOURS_PER_WEEK, freq="h")
    holiday = [day.toordinal() in public_holidays(code, day.year) for day in grid[::24]]
    users = hours.reindex(grid).to_numpy(dtype=np.float64).reshape(-1, HOURS_PER_WEEK)
    return Recording(family, name, monday.toordinal(), users, np.repeat(holiday, 24).reshape(-1, HOURS_PER_WEEK))


def origins(recordings: Sequence[Recording], every: int = 1) -> list[Origin]:
    """Give each Monday (or each `every`-th of a series) with twelve weeks of history, at least half of it recorded."""
    together: dict[tuple[str, int], list[tuple[Recording, int]]] = {}
    for one in recordings:
        for week in range(HISTORY_WEEKS, len(one.users), every):
            if np.isnan(one.users[week - HISTORY_WEEKS : week]).mean() <= _LEAST_RECORDED:
                together.setdefault((one.family, one.monday + 7 * week), []).append((one, week))
    return [_origin(family, monday, members) for (family, monday), members in sorted(together.items(), key=_place)]


def _place(entry: tuple[tuple[str, int], object]) -> tuple[str, int]:
    return entry[0]


def _origin(family: str, monday: int, members: Sequence[tuple[Recording, int]]) -> Origin:
    def cut(name: str, first: int, weeks: int) -> npt.NDArray[np.generic]:
        rows = []
        for one, week in members:
            values = getattr(one, name)[week + first : week + first + weeks].ravel()
            empty = np.nan if values.dtype == np.float64 else False
            rows.append(np.pad(values, (0, weeks * HOURS_PER_WEEK - len(values)), constant_values=empty))
        return np.stack(rows)

    return Origin(
        family=family,
        monday=monday,
        names=tuple(one.name for one, _ in members),
        past=cut("users", -HISTORY_WEEKS, HISTORY_WEEKS).astype(np.float64),
        past_holiday=cut("holiday", -HISTORY_WEEKS, HISTORY_WEEKS).astype(np.bool_),
        holiday_ahead=cut("holiday", 0, AHEAD_WEEKS).astype(np.bool_),
        ahead=cut("users", 0, AHEAD_WEEKS).astype(np.float64),
        scale=np.array([np.nanmean(one.users) for one, _ in members]),
        weeks=np.array([min(AHEAD_WEEKS, len(one.users) - week) for one, week in members]),
    )
