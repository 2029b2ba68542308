"""The only arithmetic between instants and slots: zones, clock changes, weekly hours.

Outside the solver time is an aware `datetime` in UTC, inside it is a slot: an equal interval of `slot_minutes`
counted from the start of the horizon. Every interval is half-open. Rounding to the grid ("a slot touched is a slot
paid") lives here and nowhere else, because both faces of a rule or cost share it.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

Mask = npt.NDArray[np.bool_]
MINUTES_PER_DAY = 1440
MINUTES_PER_WEEK = 7 * MINUTES_PER_DAY
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A half-open interval of time, `start` included and `end` not, both in UTC."""

    start: datetime
    end: datetime

    def overlaps(self, other: "Window") -> bool:
        """Tell whether the two intervals share an instant."""
        return self.start < other.end and other.start < self.end

    def contains(self, other: "Window") -> bool:
        """Tell whether `other` lies wholly inside this interval."""
        return self.start <= other.start and other.end <= self.end


def wall_to_utc(naive: datetime, zone: str) -> datetime:
    """Give the instant at which a wall clock in `zone` shows `naive`.

    In a repeated hour this is the first pass; a skipped time moves forward by the length of the jump (PEP 495,
    fold 0).

    >>> wall_to_utc(datetime(2027, 3, 28, 1, 30), "Europe/London").isoformat()
    '2027-03-28T01:30:00+00:00'
    """
    return naive.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


def is_skipped(naive: datetime, zone: str) -> bool:
    """Tell whether no clock in `zone` ever shows `naive`, because the clocks jump over it."""
    return wall_to_utc(naive, zone).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != naive


def is_repeated(naive: datetime, zone: str) -> bool:
    """Tell whether clocks in `zone` show `naive` twice."""
    first = naive.replace(tzinfo=ZoneInfo(zone), fold=0).utcoffset()
    second = naive.replace(tzinfo=ZoneInfo(zone), fold=1).utcoffset()
    return first != second and not is_skipped(naive, zone)


def local_date_number(instant: datetime, zone: str) -> int:
    """Count the calendar days from 1 January of year 1 to the local date of `instant` in `zone`."""
    return instant.astimezone(ZoneInfo(zone)).toordinal()


def join(windows: Iterable[Window]) -> list[Window]:
    """Sort intervals and join those that overlap or touch."""
    joined: list[Window] = []
    for window in sorted(windows):
        if window.end <= window.start:
            continue
        if joined and window.start <= joined[-1].end:
            joined[-1] = Window(joined[-1].start, max(joined[-1].end, window.end))
        else:
            joined.append(window)
    return joined


def common(first: Sequence[Window], second: Sequence[Window]) -> list[Window]:
    """Give the intervals that lie in both lists; each is sorted and without overlaps, as `join` gives them."""
    shared: list[Window] = []
    for window in first:
        position = bisect_right(second, window.start, key=lambda other: other.end)
        while position < len(second) and second[position].start < window.end:
            other = second[position]
            shared.append(Window(max(window.start, other.start), min(window.end, other.end)))
            position += 1
    return shared


def without(windows: Sequence[Window], holes: Sequence[Window]) -> list[Window]:
    """Cut `holes` out of intervals; each list is sorted and without overlaps, as `join` gives them."""
    left: list[Window] = []
    for window in windows:
        begin = window.start
        for hole in common([window], holes):
            left.append(Window(begin, hole.start))
            begin = hole.end
        left.append(Window(begin, window.end))
    return [window for window in left if window.start < window.end]


def first_met(windows: Sequence[Window], window: Window) -> Window | None:
    """Find the first interval, of a list as `join` gives it, that shares an instant with `window`."""
    position = bisect_right(windows, window.start, key=lambda other: other.end)
    return windows[position] if position < len(windows) and windows[position].start < window.end else None


# --- weekly hours ------------------------------------------------------------------------------------------------

_CLAUSE = re.compile(r"^(?P<days>[A-Za-z,\s-]*?)\s*(?P<from>\d{1,2}:\d{2})\s*-\s*(?P<to>\d{1,2}:\d{2})$")


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """Hours that come back every week on the wall clock, such as `Mon-Fri 22:00-06:00; Sun 00:00-24:00`.

    `spans` holds (weekday, start, end) with Monday = 0 and minutes after local midnight; `end` may pass 1440.
    """

    spans: tuple[tuple[int, int, int], ...]

    @classmethod
    def parse(cls, text: str) -> "WeeklyHours":
        """Read the form `Mon-Fri 08:00-18:00; Sat 22:00-06:00`.

        No day means every day, an end at or before the start is on the next day, day ranges wrap around the week
        and an empty text means always.

        Raises
        ------
        ValueError
            With the clause that cannot be read and the form that can.
        """
        if not text.strip():
            return cls(tuple((day, 0, MINUTES_PER_DAY) for day in range(7)))
        spans: list[tuple[int, int, int]] = []
        for clause in (part.strip() for part in text.split(";")):
            if not clause:
                continue
            match = _CLAUSE.match(clause)
            if not match:
                raise ValueError(f"'{clause}' is not of the form 'Mon-Fri 08:00-18:00'")
            start, end = _minutes(match["from"], clause), _minutes(match["to"], clause)
            if start == MINUTES_PER_DAY:
                raise ValueError(f"'{clause}' starts at 24:00; write 00:00 of the next day")
            if end <= start:
                end += MINUTES_PER_DAY
            spans.extend((day, start, end) for day in _weekdays(match["days"], clause))
        return cls(tuple(sorted(set(spans))))

    def windows(self, zone: str, inside: Window) -> list[Window]:
        """List the intervals of these hours that reach into `inside`, joined and in order.

        Boundaries are wall-clock times of `zone`; an interval begun before `inside` is given whole.
        """
        return [window for window in _weekly_windows(self, zone, inside) if window.overlaps(inside)]


def _minutes(clock: str, clause: str) -> int:
    hours, minutes = (int(part) for part in clock.split(":"))
    if minutes > 59 or hours * 60 + minutes > MINUTES_PER_DAY:
        raise ValueError(f"'{clause}': {clock} is not a time of day (00:00 to 24:00)")
    return hours * 60 + minutes


def _weekdays(text: str, clause: str) -> list[int]:
    if not text.strip():
        return list(range(7))
    days: list[int] = []
    for part in text.split(","):
        first, dash, last = (piece.strip().capitalize()[:3] for piece in part.partition("-"))
        if first not in DAYS or (dash and last not in DAYS):
            raise ValueError(f"'{clause}': '{part.strip()}' is not a day or range of days (Mon … Sun, Mon-Fri)")
        begin = DAYS.index(first)
        count = (DAYS.index(last) - begin) % 7 if dash else 0
        days.extend((begin + offset) % 7 for offset in range(count + 1))
    return days


@lru_cache(maxsize=4096)
def _weekly_windows(hours: WeeklyHours, zone: str, inside: Window) -> tuple[Window, ...]:
    first = inside.start.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    # A span lasts at most two days, so three days of run-up catch whatever was begun earlier.
    days = (inside.end - inside.start).days + 6
    windows = []
    for day in (first + timedelta(days=offset) for offset in range(-3, days)):
        for weekday, start, end in hours.spans:
            if day.weekday() == weekday:
                begin, finish = day + timedelta(minutes=start), day + timedelta(minutes=end)
                windows.append(Window(wall_to_utc(begin, zone), wall_to_utc(finish, zone)))
    return tuple(join(windows))


# --- the grid ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Horizon:
    """The grid of equal UTC slots that a portfolio is planned on."""

    start: datetime
    slots: int
    slot_minutes: int
    time_zone: str

    @classmethod
    def of_weeks(cls, start: datetime, weeks: int, time_zone: str, slot_minutes: int) -> "Horizon":
        """Span `weeks` local weeks of `time_zone` from `start`; weeks of 167 and 169 hours exist."""
        local = start.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None)
        end = wall_to_utc(local + timedelta(weeks=weeks), time_zone)
        slots = int((end - start) / timedelta(minutes=slot_minutes))
        return cls(start.astimezone(UTC), slots, slot_minutes, time_zone)

    @property
    def slot(self) -> timedelta:
        """Length of one slot."""
        return timedelta(minutes=self.slot_minutes)

    @property
    def end(self) -> datetime:
        """First instant after the last slot."""
        return self.at(self.slots)

    @property
    def window(self) -> Window:
        """The whole horizon as an interval."""
        return Window(self.start, self.end)

    def at(self, slot: int) -> datetime:
        """Give the instant at which a slot starts."""
        return self.start + slot * self.slot

    def floor(self, instant: datetime) -> int:
        """Give the slot that holds `instant`; it may lie outside the horizon."""
        return (instant - self.start) // self.slot

    def ceil(self, instant: datetime) -> int:
        """Give the first slot that starts at or after `instant`; it may lie outside the horizon."""
        return -((self.start - instant) // self.slot)

    def on_grid(self, instant: datetime) -> bool:
        """Tell whether a slot starts exactly at `instant`."""
        return (instant - self.start) % self.slot == timedelta(0)

    def length(self, minutes: int) -> int:
        """Round a length in minutes up to whole slots."""
        return -(-minutes // self.slot_minutes)

    def touched(self, windows: Iterable[Window]) -> Mask:
        """Mark the slots that share an instant with any interval."""
        mask = np.zeros(self.slots, dtype=np.bool_)
        for window in join(windows):
            mask[max(0, self.floor(window.start)) : max(0, self.ceil(window.end))] = True
        return mask

    def covered(self, windows: Iterable[Window]) -> Mask:
        """Mark the slots that lie wholly inside the union of the intervals."""
        mask = np.zeros(self.slots, dtype=np.bool_)
        for window in join(windows):
            mask[max(0, self.ceil(window.start)) : max(0, self.floor(window.end))] = True
        return mask

    def runs(self, mask: Mask) -> list[Window]:
        """Give the marked slots back as intervals."""
        edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
        return [Window(self.at(int(a)), self.at(int(b))) for a, b in edges.reshape(-1, 2)]

    def local_minute_of_week(self, zone: str) -> npt.NDArray[np.int64]:
        """Give the wall-clock minute of the week (Monday 00:00 = 0) at which each slot starts; shape (slots,)."""
        return _local(self, zone)[0]

    def local_date_numbers(self, zone: str) -> npt.NDArray[np.int64]:
        """Give the local date of each slot's start as `local_date_number` counts it; shape (slots,)."""
        return _local(self, zone)[1]

    def before(self, slots: int) -> "Horizon":
        """Give the grid of the `slots` slots that end where this horizon starts."""
        return Horizon(self.at(-slots), slots, self.slot_minutes, self.time_zone)


@lru_cache(maxsize=256)
def _local(horizon: Horizon, zone: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    stamps = pd.date_range(horizon.start, periods=horizon.slots, freq=pd.Timedelta(minutes=horizon.slot_minutes))
    naive = stamps.tz_convert(zone).tz_localize(None).to_numpy().astype("datetime64[m]").astype(np.int64)
    days = naive // MINUTES_PER_DAY
    # 1970-01-01 was a Thursday.
    minute_of_week = (naive + 3 * MINUTES_PER_DAY) % MINUTES_PER_WEEK
    numbers = days + datetime(1970, 1, 1, tzinfo=UTC).toordinal()
    for array in (minute_of_week, numbers):
        array.flags.writeable = False
    return minute_of_week, numbers


def window_sums(values: npt.NDArray[np.int64], length: int, starts: int | None = None) -> npt.NDArray[np.int64]:
    """Sum `values` over [t, t + length) for every start t; shape (slots - length + 1,) unless `starts` cuts it."""
    sums = np.concatenate((np.zeros(1, dtype=values.dtype), np.cumsum(values)))
    result = sums[length:] - sums[: len(sums) - length]
    return result if starts is None else result[:starts]


def all_inside(mask: Mask, length: int) -> Mask:
    """Mark every start whose `length` slots are all marked and lie in the horizon; shape (slots,)."""
    result = np.zeros(len(mask), dtype=np.bool_)
    if length <= len(mask):
        result[: len(mask) - length + 1] = window_sums(mask.astype(np.int64), length) == length
    return result


def any_inside(masks: Sequence[Mask], length: int) -> Mask:
    """Mark every start for which some of its `length` slots is marked in any of the masks; shape (slots,)."""
    union = np.logical_or.reduce(masks)
    result = np.zeros(len(union), dtype=np.bool_)
    if length <= len(union):
        result[: len(union) - length + 1] = window_sums(union.astype(np.int64), length) > 0
    return result
