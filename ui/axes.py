"""What charts share: an axis of local time that no browser moves, the colours of heat, and how a chart is finished."""

import json
from datetime import UTC, datetime, timedelta
from typing import Literal, cast
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd

from scheduler.horizon import DAYS
from scheduler.wording import MONTHS

from .heat import LEVEL_NAMES, Measure
from .theme import Palette, chart_config

Width = int | Literal["container"]
Span = tuple[datetime, datetime]
NO_TIME: Span = (datetime(2000, 1, 3), datetime(2000, 1, 4))  # noqa: DTZ001 - drawn without a zone
LEGENDS = {
    "people": ["people expected,", "as a share of the busiest hour"],
    "cost": ["what an hour without services costs,", "as a share of the dearest hour"],
}
NARROW = 500
"""Below this width, legends take several lines."""
_TIMES = ("start", "end", "reserved_until", "at")


def local_time_axis(span: Span, zone: str, *, field: str = "start", title: str = "local time") -> alt.X:
    """Lay a field of local times out as if they were UTC, and say of which zone they are."""
    ticks, form = _ticks(span)
    return alt.X(
        f"{field}:T",
        title=f"{title} ({zone})",
        scale=alt.Scale(type="utc", domain=[_stamp(instant) for instant in span], nice=False),
        axis=alt.Axis(
            values=[_stamp(tick) for tick in ticks],
            format=form,
            labelAlign="left",
            labelBound=True,
            tickSize=0,
            domain=False,
            grid=False,
        ),
    )


def with_viewer(chart: alt.LayerChart, span: Span, zone: str, viewer: str) -> alt.LayerChart:
    """Let an axis of local time say below what clocks show in the zone of whoever looks."""
    ticks, form = _ticks(span)
    for layer in chart.layer:
        # All layers share one axis: what only some of them say would be said twice.
        across = layer.encoding.x
        across["title"] = f"local time ({zone}); below, yours ({viewer})"
        across["axis"]["labelExpr"] = _two_clocks(ticks, form, zone, viewer)
    return chart


def _two_clocks(ticks: pd.DatetimeIndex, form: str, zone: str, viewer: str) -> str:
    """Give the expression of labels of two lines: the local time, and that of the viewer at the same instant."""
    stamps, texts = [], []
    for tick in ticks.to_pydatetime():
        there = tick.replace(tzinfo=ZoneInfo(zone)).astimezone(ZoneInfo(viewer))
        stamps.append(round(tick.replace(tzinfo=UTC).timestamp() * 1000))
        texts.append(f"{DAYS[there.weekday()]} {there.day} {MONTHS[there.month - 1]} {there:%H:%M}")
    return f"[utcFormat(datum.value, '{form}'), {json.dumps(texts)}[indexof({stamps}, time(datum.value))]]"


def time_lines(span: Span, across: alt.X, palette: Palette) -> alt.Chart:
    """Draw a line at every tick of an axis of local time, above heat and below what is planned."""
    ticks = as_utc(pd.DataFrame({"start": _ticks(span)[0]}))
    lines: alt.Chart = alt.Chart(ticks, name="ticks").mark_rule(color=palette.line, clip=True).encode(x=across)
    return lines


def _ticks(span: Span) -> tuple[pd.DatetimeIndex, str]:
    hours = (span[1] - span[0]) / timedelta(hours=1)
    if hours <= 72:
        every, form = "6h", "%a %-d %b %H:%M"
    elif hours <= 24 * 16:
        every, form = "D", "%a %-d %b"
    elif hours <= 24 * 140:
        every, form = "W-MON", "%a %-d %b"
    else:
        every, form = "MS", "%b %Y"
    ticks = pd.date_range(span[0], span[1], freq=every, normalize=True)
    return ticks[(ticks >= pd.Timestamp(span[0])) & (ticks < pd.Timestamp(span[1]))], form


def as_utc(frame: pd.DataFrame) -> pd.DataFrame:
    """Call local times UTC, so that they reach the browser as they are."""
    return frame.assign(**{name: frame[name].dt.tz_localize("UTC") for name in _TIMES if name in frame})


def heat_colour(palette: Palette, width: Width, *, measure: Measure = "people", legend: bool = True) -> alt.Color:
    """Colour a level of heat, with a legend that says what is measured or without one."""
    narrow = is_narrow(width)
    return alt.Color(
        "level:O",
        title=LEGENDS[measure] if narrow else " ".join(LEGENDS[measure]),
        scale=alt.Scale(domain=list(range(len(palette.heat))), range=list(palette.heat)),
        legend=alt.Legend(
            labelExpr=f"{list(LEVEL_NAMES)}[datum.value]",
            symbolStrokeColor=palette.line,
            symbolStrokeWidth=1,
            columns=3 if narrow else 6,
        )
        if legend
        else None,
    )


def is_narrow(width: Width) -> bool:
    """Tell whether legends must take several lines."""
    return width != "container" and width < NARROW


def finished(chart: alt.LayerChart | alt.FacetChart, palette: Palette, width: Width, height: int) -> alt.LayerChart:
    """Give a chart, which was made for this, its size, labels included, and its look."""
    # Not through its methods, each of which copies everything that the chart consists of.
    for name, value in {
        "width": width,
        "height": height,
        "autosize": alt.AutoSizeParams(type="fit-x", contains="padding"),
        "padding": {"left": 8, "right": 8, "top": 4, "bottom": 4},
        "config": alt.Config(**chart_config(palette)),
    }.items():
        chart[name] = value
    return cast(alt.LayerChart, chart)


def _stamp(instant: datetime) -> alt.DateTime:
    # Milliseconds would do for Vega itself, but the interpreter of a page without eval() takes them for a year.
    return alt.DateTime(
        year=instant.year, month=instant.month, date=instant.day, hours=instant.hour, minutes=instant.minute, utc=True
    )
