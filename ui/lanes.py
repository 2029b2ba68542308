"""Where windows go on a timeline: lines for those at the same time, and names where there is room for them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from .text import visible
from .theme import STATES

LANE = "\u200b"
"""Marks the second and later lines of a row; no text that was made visible holds it."""
LETTER_PIXELS = 7
NAME_COLUMNS = ("change", "line", "at", "text", "side")


def lanes(windows: pd.DataFrame, rows: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give every window the first line of its row that is free at that time, and list the lines of all rows.

    The first frame is `windows` with a column `line`, the second has `row` and `line`, at least one for each row.
    """
    ends: dict[str, list[datetime]] = {row: [] for row in rows}
    lines: dict[Any, str] = {}
    for number, row, start, end in windows[["row", "start", "reserved_until"]].sort_values("start").itertuples():
        free = next((lane for lane, until in enumerate(ends[row]) if until <= start), len(ends[row]))
        ends[row][free : free + 1] = [end]
        lines[number] = row + LANE * free
    placed = windows.assign(line=pd.Series(lines, index=windows.index, dtype="str"))
    every = [(row, row + LANE * lane) for row in rows for lane in range(max(1, len(ends[row])))]
    return placed, pd.DataFrame(every, columns=["row", "line"], dtype="str")


def names(bars: pd.DataFrame, span: tuple[datetime, datetime], pixel: timedelta) -> pd.DataFrame:
    """Name the windows of `lanes` where there is room on their line; `pixel` is the time that one takes.

    `text` is the symbol of the state and the change, or else the symbol alone, to end before the window (`side` is
    `before`, `at` its start) or to begin behind it (`behind`, at its reserved end). Columns are `NAME_COLUMNS`.
    """
    by_line: dict[str, list[dict[str, Any]]] = {}
    for row in bars.sort_values("start", kind="stable").to_dict("records"):
        by_line.setdefault(row["line"], []).append({str(name): value for name, value in row.items()})
    rows: list[dict[str, Any]] = []
    for line, some in by_line.items():
        free = span[0]
        starts = [*(one["start"] for one in some[1:]), span[1]]
        for behind, one in zip(starts, some, strict=True):
            symbol, change = STATES[one["state"]], visible(one["change"])
            room = {"before": one["start"] - free, "behind": behind - one["reserved_until"]}
            fits = (
                (text, side)
                for text in (f"{symbol} {change}", symbol)
                for side, time in room.items()
                if _length(text, pixel) < time
            )
            free = one["reserved_until"]
            for text, side in list(fits)[:1]:
                at = one["start"] if side == "before" else one["reserved_until"]
                rows.append({"change": one["change"], "line": line, "at": at, "text": text, "side": side})
                if side == "behind":
                    free += _length(text, pixel)
    return pd.DataFrame(rows, columns=list(NAME_COLUMNS)).astype({"at": "datetime64[us]"})


def _length(text: str, pixel: timedelta) -> timedelta:
    return pixel * (LETTER_PIXELS * len(text) + 8)
