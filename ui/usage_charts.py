"""Charts about usage that report, screens and the replay of the past share: frames of `usage_frames` in, charts out."""

import altair as alt
import pandas as pd

from .axes import Width, as_utc, finished, local_time_axis, time_lines
from .text import visible
from .theme import LIGHT, Palette
from .usage_frames import FORECAST, RECORDED


def forecast_actual(
    lines: pd.DataFrame, *, zone: str, width: Width = "container", palette: Palette = LIGHT
) -> alt.LayerChart:
    """Draw what was forecast and what was recorded, over local time; gaps of the record are gaps."""
    step = lines["start"].sort_values().drop_duplicates().diff().median()
    span = (lines["start"].min(), lines["start"].max() + step)
    across = local_time_axis(span, zone)
    kinds = {FORECAST: palette.muted, RECORDED: palette.accent}
    legend = alt.Legend(title=None, orient="top", symbolType="stroke", symbolStrokeWidth=2)
    chart = alt.layer(
        time_lines(span, across, palette),
        alt.Chart(as_utc(lines), name="lines")
        .mark_line(strokeWidth=1.5, interpolate="step-after", clip=True, invalid="break-paths-show-domains")
        .encode(
            x=across,
            y=alt.Y("users:Q", title="people at once", axis=alt.Axis(tickCount=5, domain=False, ticks=False)),
            color=alt.Color("kind:N", legend=legend, scale=alt.Scale(domain=list(kinds), range=list(kinds.values()))),
            strokeDash=alt.StrokeDash(
                "kind:N", legend=legend, scale=alt.Scale(domain=list(kinds), range=[[4, 3], [1, 0]])
            ),
            tooltip=[alt.Tooltip("kind:N"), alt.Tooltip("users:Q", title="people", format=",.1f")],
        ),
    )
    return finished(chart, palette, width, 220)


def window_people(rows: pd.DataFrame, *, width: Width = "container", palette: Palette = LIGHT) -> alt.LayerChart:
    """Draw how many people are expected in a chosen window, beside the habits' and the average hour's."""
    kinds = {"plan": palette.accent, "habit": palette.muted, "average": palette.line}
    most = float(rows["amount"].max()) or 1.0
    base = alt.Chart(rows).encode(
        x=alt.X(
            "amount:Q",
            title="people expected at once",
            scale=alt.Scale(domain=[0, most * 1.2], nice=False),
            axis=alt.Axis(tickCount=4, domain=False, ticks=False),
        ),
        y=alt.Y(
            "label:N",
            title=None,
            scale=alt.Scale(domain=list(rows["label"])),
            axis=alt.Axis(ticks=False, domain=False, labelLimit=220),
        ),
        tooltip=[alt.Tooltip("label:N", title="window"), alt.Tooltip("text:N", title="people expected")],
    )
    colour = alt.Color("kind:N", legend=None, scale=alt.Scale(domain=list(kinds), range=list(kinds.values())))
    chart = alt.layer(
        base.mark_bar(height=14).encode(color=colour).properties(name="bars"),
        base.mark_text(align="left", dx=6).encode(text=alt.Text("text:N")).properties(name="texts"),
    )
    return finished(chart, palette, width, len(rows) * 24)


def past_weeks(
    costs: pd.DataFrame, *, currency: str, zone: str, width: Width = "container", palette: Palette = LIGHT
) -> alt.LayerChart:
    """Draw what planning cost in each past week, by way of planning; costs on a scale of magnitudes."""
    ways = list(dict.fromkeys(costs["way"]))
    looks = {"plan": ("diamond", palette.accent), "oracle": ("circle", palette.approved)}
    kinds = dict(zip(costs["way"], costs["kind"], strict=True))
    shapes = iter(("square", "triangle-up", "triangle-down", "cross", "triangle-right"))
    found = [looks.get(kinds[way]) or (next(shapes), palette.muted) for way in ways]
    legend = alt.Legend(title=None, orient="top", columns=3, symbolSize=110, labelLimit=260)
    shown = costs.assign(week=costs["start"].dt.strftime("%d %b %Y"))
    weeks = list(dict.fromkeys(shown["week"]))
    shape = alt.Scale(domain=ways, range=[one for one, _ in found])
    colour = alt.Scale(domain=ways, range=[one for _, one in found])
    chart = alt.layer(
        alt.Chart(shown, name="weeks")
        .mark_point(filled=True, size=110, opacity=1)
        .encode(
            x=alt.X(
                "week:N",
                title=f"week that planning began ({zone})",
                scale=alt.Scale(domain=weeks),
                axis=alt.Axis(labelAngle=0, ticks=False, domain=False),
            ),
            y=alt.Y(
                "amount:Q",
                title=["cost as it came, weighted,", visible(currency)],
                scale=alt.Scale(type="log" if (costs["cents"] > 0).all() else "symlog", nice=True),
                axis=alt.Axis(labelExpr="format(datum.value, '~s')", tickCount=5, domain=False, ticks=False),
            ),
            shape=alt.Shape("way:N", legend=legend, scale=shape),
            color=alt.Color("way:N", legend=legend, scale=colour),
            tooltip=[alt.Tooltip("way:N", title="planned by"), alt.Tooltip("cost:N", title="cost")],
        ),
    )
    return finished(chart, palette, width, 300)
