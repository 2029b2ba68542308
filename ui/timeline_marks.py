"""What a timeline says beside its windows: hours that are closed, windows that collide, and a second clock."""

from collections.abc import Collection, Mapping

import altair as alt
import pandas as pd

from .axes import Span, as_utc, local_time_axis
from .collisions import Collision
from .lanes import lanes
from .text import visible
from .theme import Palette

CLASH = "clash"
"""The name of the selection of badges, and of its field: a click in a layered chart reaches every selection of it."""
CONFLICT, SHARES = "⚠", "‖"
BADGE_COLUMNS = ("change", CLASH, "line", "at", "badge", "kind", "says")


def with_shades(
    chart: alt.LayerChart, windows: pd.DataFrame, shades: pd.DataFrame, *, span: Span, zone: str, palette: Palette
) -> alt.LayerChart:
    """Shade the closed hours of a timeline of `windows`; `shades` are those of `shades.shaded`, over whole rows."""
    shades = shades[(shades["start"] < span[1]) & (shades["end"] > span[0])]
    if shades.empty:
        return chart
    _, lines = lanes(windows, list(dict.fromkeys([*shades["row"], *windows["row"]])))
    height = lines.groupby("row", as_index=False, sort=False).agg(line=("line", "first"), last=("line", "last"))
    drawn = as_utc(shades.merge(height, on="row", how="inner"))
    across = local_time_axis(span, zone)
    top = alt.Y("line:N", bandPosition=0, sort=None)
    told = [alt.Tooltip("text:N", title="closed")]
    closed = alt.Chart(drawn[drawn["kind"] != "holiday"])
    off = alt.Chart(drawn[drawn["kind"] == "holiday"])
    looks = {"blackout": 0.55, "soft": 0.25}
    opacity = alt.Opacity(
        "kind:N", legend=None, scale=alt.Scale(domain=list(looks), range=list(looks.values()), type="ordinal")
    )
    chart.layer.insert(
        1,
        closed.mark_rect(color=palette.grey, clip=True)
        .encode(x=across, x2=alt.X2("end:T"), y=top, y2=alt.Y2("last:N", bandPosition=1), opacity=opacity, tooltip=told)
        .properties(name="closed"),
    )
    # A day off is a line along the foot of its row: work may be done, and fewer people notice it.
    chart.layer.insert(
        2,
        off.mark_rule(color=palette.pinned, strokeWidth=3, strokeDash=[4, 2], clip=True)
        .encode(x=across, x2=alt.X2("end:T"), y=alt.Y("last:N", bandPosition=0.94, sort=None), tooltip=told)
        .properties(name="holidays"),
    )
    return chart


def badges(windows: pd.DataFrame, found: Mapping[str, Collision], rows: list[str]) -> pd.DataFrame:
    """Give a badge for every window of a timeline that something collides with, with `BADGE_COLUMNS`."""
    placed, _ = lanes(windows, rows)
    made = []
    for one in placed.to_dict("records"):
        collision = found.get(one["change"])
        if collision is not None:
            others = ", ".join(visible(other) for other in sorted(collision.others))
            says = "; ".join(visible(text) for text in collision.broken) or f"at the same time as {others}"
            made.append(
                {
                    "change": one["change"],
                    CLASH: one["change"],
                    "line": one["line"],
                    "at": one["reserved_until"],
                    "badge": CONFLICT if collision.is_conflict else SHARES,
                    "kind": "conflict" if collision.is_conflict else "shares",
                    "says": says,
                }
            )
    return pd.DataFrame(made, columns=list(BADGE_COLUMNS)).astype({"at": "datetime64[us]"})


def with_badges(
    chart: alt.LayerChart, marks: pd.DataFrame, *, span: Span, zone: str, palette: Palette
) -> alt.LayerChart:
    """Put badges on a timeline; the view `badges` holds the selection `CLASH`."""
    marks = marks[(marks["at"] > span[0]) & (marks["at"] <= span[1])]
    if marks.empty:
        return chart
    colour = alt.Color(
        "kind:N", legend=None, scale=alt.Scale(domain=["conflict", "shares"], range=[palette.bad, palette.text])
    )
    chart.layer.append(
        alt.Chart(as_utc(marks))
        .mark_text(fontSize=14, fontWeight="bold", align="left", dx=2, clip=True, cursor="pointer")
        .encode(
            x=local_time_axis(span, zone, field="at"),
            y=alt.Y("line:N", sort=None),
            text=alt.Text("badge:N"),
            color=colour,
            tooltip=[alt.Tooltip("change:N", title="change"), alt.Tooltip("says:N", title="collides")],
        )
        .properties(name="badges")
    )
    select = alt.PointSelectionConfig(type="point", fields=[CLASH])
    badge = alt.TopLevelSelectionParameter(name=CLASH, select=select, views=["badges"])
    chart.params = [*(chart.params if isinstance(chart.params, list) else ()), badge]
    return chart


def together(found: Mapping[str, Collision], change: str) -> Collection[str]:
    """Give a change and all that collide with it."""
    return {change, *found[change].others} if change in found else {change}
