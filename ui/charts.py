"""The charts that report and screens share: frames in, charts out.

Frames are those of `tables`, `heat` and `curves`. Their times carry no zone; an axis says which one they are of.
Charts take their colours from a palette; what a colour says, a symbol, a word or a place says too.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

import altair as alt
import pandas as pd

from scheduler.horizon import DAYS

from .axes import NO_TIME, as_utc, finished, heat_colour, is_narrow, local_time_axis, time_lines
from .axes import Span as Span
from .axes import Width as Width
from .curve_steps import line_and_told
from .heat import Measure
from .lanes import LANE, lanes, names
from .text import visible
from .theme import LIGHT, STATES, Palette, state_text

BAR_COLUMNS = ("row", "line", "change", "state", "start", "end", "reserved_until")
PICK = "pick"
"""The name of the selection of windows; its field is `change`."""
ROW_PIXELS = 20
BAR_PIXELS = 14
LEAST_PIXELS = 4
ASSUMED_WIDTH = 1000
"""Pixels that are reckoned with where a chart is as wide as what holds it."""


def timeline(
    windows: pd.DataFrame,
    heat: pd.DataFrame,
    *,
    zone: str,
    span: Span | None = None,
    legend: bool = True,
    width: Width = "container",
    palette: Palette = LIGHT,
    lit: Collection[str] | None = None,
) -> alt.LayerChart:
    """Draw windows over the heat of usage, one row per service or team; windows of one time get lines of their own.

    The expected part of a window is solid, what is reserved beyond is pale. Rows are those of `heat` in its order, and
    then those of windows that have no heat. `span` cuts the time shown. The view `bars` holds the selection `PICK`.
    Where some changes are `lit`, all others are faded.
    """
    if span is not None:
        windows = windows[(windows["start"] < span[1]) & (windows["reserved_until"] > span[0])]
        heat = heat[(heat["start"] < span[1]) & (heat["end"] > span[0])]
    else:
        times = pd.concat([windows["start"], windows["reserved_until"], heat["start"], heat["end"]])
        span = (times.min(), times.max()) if len(times) else NO_TIME
    bars, lines = lanes(windows, list(dict.fromkeys([*heat["row"], *windows["row"]])))
    across = local_time_axis(span, zone)
    down = alt.Y(
        "line:N",
        title=None,
        sort=None,
        scale=alt.Scale(domain=list(lines["line"]), paddingInner=0.06, paddingOuter=0),
        axis=alt.Axis(labelExpr=f"indexof(datum.label, '{LANE}') < 0 ? datum.label : ''", ticks=False, domain=False),
    )
    height = lines.groupby("row", as_index=False, sort=False).agg(line=("line", "first"), last=("line", "last"))
    shaded = heat[["row", "start", "end", "users", "level"]].merge(height, on="row", how="left")
    top = down.copy()
    top["bandPosition"] = 0
    usage = (
        alt.Chart(as_utc(shaded), name="heat")
        .mark_rect(clip=True)
        .encode(
            x=across,
            x2=alt.X2("end:T"),
            # A row is shaded once, over all its lines.
            y=top,
            y2=alt.Y2("last:N", bandPosition=1),
            color=heat_colour(palette, width, legend=legend),
            tooltip=[alt.Tooltip("row:N", title="row"), alt.Tooltip("users:Q", title="people expected", format=",.1f")],
        )
    )
    told = {"change": "change", "title": "title", "state_text": "state", "window": "reserved",
            "over_by": "expected over by", "cost": "costs"}  # fmt: skip
    pick = alt.selection_point(name=PICK, fields=["change"])
    faded = alt.OpacityValue(0.35, condition={"param": PICK, "value": 1.0})
    if lit is not None:
        faded = alt.OpacityValue(0.25, condition={"test": "datum.lit", "value": 1.0})
        bars = bars.assign(lit=bars["change"].isin(list(lit)))
    drawn = bars[[*BAR_COLUMNS, *(name for name in (*told, "lit") if name in bars and name not in BAR_COLUMNS)]]
    base = alt.Chart(as_utc(drawn)).encode(x=across, y=down, tooltip=_tooltips(told), opacity=faded)
    explained, same = _state_colours(windows, palette, width)
    first = explained if legend else same
    bar = alt.MarkDef(type="bar", clip=True, height=BAR_PIXELS, stroke=palette.page, strokeWidth=1)
    pale, solid = bar.copy(), bar.copy()
    pale["fillOpacity"] = 0.45
    room = (ASSUMED_WIDTH if width == "container" else width) * 0.8
    named = as_utc(names(bars, span, (span[1] - span[0]) / room))
    named = named if lit is None else named.assign(lit=named["change"].isin(list(lit)))
    words = alt.Chart(named).encode(
        x=local_time_axis(span, zone, field="at"),
        y=down,
        text=alt.Text("text:N"),
        opacity=faded,
        tooltip=[alt.Tooltip("change:N")],
    )
    layers = [
        usage,
        time_lines(span, across, palette),
        base.properties(name="bars", mark=pale).encode(x2=alt.X2("reserved_until:T"), color=first).add_params(pick),
        base.properties(name="expected", mark=solid).encode(x2=alt.X2("end:T"), color=same),
        # A short window must still be seen, and met by a pointer.
        base.mark_tick(clip=True, size=BAR_PIXELS - 1, thickness=LEAST_PIXELS, xOffset=LEAST_PIXELS / 2)
        .encode(color=same)
        .properties(name="starts"),
        words.transform_filter("datum.side === 'before'")
        .mark_text(clip=True, limit=140, fontSize=11, color=palette.text, align="right", dx=-4)
        .properties(name="names_before"),
        words.transform_filter("datum.side === 'behind'")
        .mark_text(clip=True, limit=140, fontSize=11, color=palette.text, align="left", dx=4)
        .properties(name="names_behind"),
    ]
    chart = alt.LayerChart(layer=layers, resolve=alt.Resolve(scale=alt.ScaleResolveMap(color="independent")))
    return finished(chart, palette, width, max(1, len(lines)) * ROW_PIXELS)


def hour_of_week(
    hours: pd.DataFrame,
    *,
    zone: str,
    measure: Measure = "people",
    width: Width = "container",
    palette: Palette = LIGHT,
) -> alt.LayerChart:
    """Draw the hours of the local week by people at work or by cost, with the number of windows in each of them."""
    across = alt.X(
        "hour:O",
        title=f"hour of the day, local time ({zone})",
        axis=alt.Axis(
            labelAngle=0,
            values=list(range(0, 24, 3)),
            labelExpr="format(datum.value, '02') + ':00'",
            ticks=False,
            domain=False,
        ),
        scale=alt.Scale(domain=list(range(24)), paddingInner=0.06, paddingOuter=0),
    )
    down = alt.Y(
        "day:N",
        title=None,
        axis=alt.Axis(ticks=False, domain=False),
        scale=alt.Scale(domain=list(DAYS), paddingInner=0.08, paddingOuter=0),
    )
    told = {"day": "day", "hour": "hour", "users": "people expected", "cost": "an hour without services",
            "windows": "windows", "changes": "changes"}  # fmt: skip
    tooltips = _tooltips(told, numbers={"users": ",.1f", "windows": "d"})
    busy = hours[hours["windows"] > 0]
    diameter = 18.0 if width == "container" else min(18.0, (width - 60) / 24)
    chart = alt.layer(
        alt.Chart(hours, name="heat")
        .mark_rect()
        .encode(x=across, y=down, color=heat_colour(palette, width, measure=measure), tooltip=tooltips),
        alt.Chart(busy, name="windows")
        .mark_point(shape="circle", filled=True, opacity=1, size=diameter**2 * 0.8, color=palette.accent)
        .encode(x=across, y=down, tooltip=tooltips),
        alt.Chart(busy, name="counts")
        .mark_text(color=palette.on_accent, fontSize=diameter * 0.6, fontWeight="bold")
        .encode(x=across, y=down, text=alt.Text("windows:Q"), tooltip=tooltips),
    )
    return finished(chart, palette, width, 7 * 24)


def team_costs(
    teams: pd.DataFrame, *, currency: str, width: Width = "container", palette: Palette = LIGHT
) -> alt.LayerChart:
    """Draw what each team loses, in the order given; losses that rest on assumed usage are marked."""
    assumed = [" (assumed usage)" if rests else "" for rests in teams["assumed"]]
    shown = teams.assign(
        amount=teams["cents"] / 100, text=teams["cost"].astype("str") + pd.Series(assumed, teams.index)
    )
    told = {"name": "team", "cost": "loses", "service_level": "service level", "windows": "windows"}
    colour = alt.value(palette.accent)
    title = f"what teams lose, {visible(currency)}"
    return _amounts(shown, "name", told, colour, title=title, width=width, palette=palette)


def savings(
    figures: pd.DataFrame, *, currency: str, width: Width = "container", palette: Palette = LIGHT
) -> alt.LayerChart:
    """Draw what the plan and each habit cost, weighted by service level; a habit that breaks rules is grey."""
    texts = {"plan": figures["cost"], "broken": figures["kind"].map({"broken": "breaks rules, not compared"})}
    shown = figures.assign(text=[
        texts.get(kind, figures["text"]).iloc[number] for number, kind in enumerate(figures["kind"])
    ])  # fmt: skip
    kinds = {"plan": palette.accent, "habit": palette.muted, "broken": palette.line}
    colour = alt.Color("kind:N", legend=None, scale=alt.Scale(domain=list(kinds), range=list(kinds.values())))
    told = {"label": "planned by", "cost": "weighted cost", "violations": "rules broken", "text": "the plan"}
    title = f"weighted cost, {visible(currency)}"
    return _amounts(shown, "label", told, colour, title=title, width=width, palette=palette)


def price_curve(
    points: pd.DataFrame,
    marks: pd.DataFrame,
    *,
    zone: str,
    currency: str,
    span: Span | None = None,
    width: Width = "container",
    palette: Palette = LIGHT,
) -> alt.LayerChart:
    """Draw what every start of one change costs beyond the present; forbidden times are grey, starts worth it marked.

    `span` cuts the time shown.
    """
    step = pd.Timedelta(points["start"].diff().median() if len(points) > 1 else timedelta(minutes=30))
    if span is None:
        span = (points["start"].min(), points["start"].max() + step) if len(points) else NO_TIME
    legal = points["legal"].astype(bool)
    run = (legal != legal.shift()).cumsum()
    starts = points[~legal].groupby(run[~legal])["start"]
    shade = pd.DataFrame({"start": starts.min(), "end": starts.max() + step})
    across = local_time_axis(span, zone, title="start, local time")
    up = alt.Y(
        "extra:Q",
        title=[f"cost beyond the present, {visible(currency)},", "weighted by service level"],
        # Room for the mark of the chosen start, which is at nothing.
        scale=alt.Scale(padding=10),
        axis=alt.Axis(labelExpr="format(datum.value, '~s')", tickCount=5, domain=False, ticks=False),
    )
    kinds, labels = list(marks["kind"]), list(marks["label"])
    looks = {"chosen": ("diamond", palette.approved), "forbidden": ("cross", palette.bad)}
    habits = [kind for kind in kinds if kind not in looks]
    shapes = ("triangle-up", "square", "triangle-down", "triangle-right", "circle")
    looks |= {kind: (shapes[number % len(shapes)], palette.pinned) for number, kind in enumerate(habits)}
    legend = alt.Legend(columns=1, title=None, symbolSize=120, symbolStrokeWidth=0, symbolOpacity=1)
    shape = alt.Scale(domain=labels, range=[looks[one][0] for one in kinds])
    colour = alt.Scale(domain=labels, range=[looks[one][1] for one in kinds])
    told = {"when": "start", "cost": "costs", "rules": "forbidden by"}
    line, steps = (as_utc(one) for one in line_and_told(points, step))
    chart = alt.layer(
        alt.Chart(as_utc(shade), name="forbidden")
        .mark_rect(color=palette.line, opacity=0.6, clip=True)
        .encode(x=across, x2=alt.X2("end:T")),
        time_lines(span, across, palette),
        alt.Chart(line, name="prices")
        .mark_line(color=palette.accent, strokeWidth=1.5, interpolate="step-after", clip=True)
        .encode(x=across, y=up),
        # A line is one mark, and would tell of its first start wherever it is pointed at.
        alt.Chart(steps, name="starts")
        .mark_rect(opacity=0, clip=True)
        .encode(x=across, x2=alt.X2("end:T"), tooltip=_tooltips(told)),
        # Where marks meet, the chosen start is on top: it comes first.
        alt.Chart(as_utc(marks.iloc[::-1]), name="marks")
        .mark_point(filled=True, size=160, opacity=1, stroke=palette.page, strokeWidth=1, clip=True)
        .encode(
            x=across,
            y=up,
            tooltip=_tooltips({"label": "start"}),
            shape=alt.Shape("label:N", legend=legend, scale=shape),
            color=alt.Color("label:N", legend=legend, scale=colour),
        ),
    )
    return finished(chart, palette, width, 260)


def _state_colours(windows: pd.DataFrame, palette: Palette, width: Width) -> tuple[alt.Color, alt.Color]:
    """Colour the states that occur, with a legend and without."""
    states = [state for state in STATES if state in set(windows["state"])]
    scale = alt.Scale(domain=[state_text(one) for one in states], range=[getattr(palette, one) for one in states])
    legend = alt.Legend(title=None, orient="bottom" if is_narrow(width) else "top")
    return alt.Color("state_text:N", legend=legend, scale=scale), alt.Color("state_text:N", legend=None, scale=scale)


def _amounts(
    rows: pd.DataFrame,
    label: str,
    told: dict[str, str],
    colour: Any,
    *,
    title: str,
    width: Width,
    palette: Palette,
) -> alt.LayerChart:
    """Draw bars of `amount`, one to a row in the order given, each with its `text` behind it."""
    labels = list(rows[label])
    # Every text must fit behind its bar.
    plot = (ASSUMED_WIDTH if width == "container" else width) - 6.5 * min(34, max(map(len, labels), default=0)) - 24
    rooms = [plot - min(7.0 * len(text) + 10, plot * 0.7) for text in rows["text"]]
    most = plot * max([amount / room for amount, room in zip(rows["amount"], rooms, strict=True)], default=0.0)
    across = alt.X(
        "amount:Q",
        title=title,
        scale=alt.Scale(domain=[0, most or 1], nice=False),
        axis=alt.Axis(labelExpr="format(datum.value, '~s')", tickCount=4, domain=False, ticks=False),
    )
    down = alt.Y(
        f"{label}:N",
        title=None,
        scale=alt.Scale(domain=labels),
        axis=alt.Axis(ticks=False, domain=False),
    )
    base = alt.Chart(rows).encode(x=across, y=down, tooltip=_tooltips(told))
    chart = alt.layer(
        base.mark_bar(height=BAR_PIXELS).encode(color=colour).properties(name="bars"),
        base.mark_text(align="left", dx=6).encode(text=alt.Text("text:N")).properties(name="texts"),
    )
    return finished(chart, palette, width, max(1, len(labels)) * (ROW_PIXELS + 4))


def _tooltips(told: dict[str, str], numbers: dict[str, str] | None = None) -> Sequence[alt.Tooltip]:
    """Say some fields under their titles, as text or, where `numbers` gives a format, as numbers."""
    forms = numbers or {}
    return [
        alt.Tooltip(f"{field}:Q", title=title, format=forms[field])
        if field in forms
        else alt.Tooltip(f"{field}:N", title=title)
        for field, title in told.items()
    ]
