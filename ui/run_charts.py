"""The course of a run as pictures: the best cost and the bound below which no plan is, and the gap between them."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from scheduler.desk.runs import RunPoint

from .axes import Width, finished
from .text import visible
from .theme import LIGHT, Palette

COST, BOUND = "best plan so far", "no plan costs less"
HEIGHT = 160


def course_frame(points: Sequence[RunPoint]) -> pd.DataFrame:
    """Give the course of a run in rows: `seconds`, `amount` (currency units), `what` (`COST` or `BOUND`)."""
    rows = [
        (point.seconds, cents / 100, what)
        for point in points
        for what, cents in ((COST, point.objective_cents), (BOUND, point.bound_cents))
        if cents is not None
    ]
    return pd.DataFrame(rows, columns=["seconds", "amount", "what"])


def gap_frame(points: Sequence[RunPoint]) -> pd.DataFrame:
    """Give the gap of a run in rows: `seconds`, `gap` (a share of the cost)."""
    rows = [(point.seconds, point.gap) for point in points if point.gap is not None]
    return pd.DataFrame(rows, columns=["seconds", "gap"])


def course_chart(
    points: Sequence[RunPoint], *, currency: str, width: Width = "container", palette: Palette = LIGHT
) -> alt.LayerChart:
    """Draw cost and bound over the seconds of a run; lines are told apart by their dashes too."""
    frame = course_frame(points)
    across = alt.X("seconds:Q", title="seconds", axis=alt.Axis(tickMinStep=1, grid=False))
    up = alt.Y(
        "amount:Q",
        title=f"weighted cost, {visible(currency)}",
        axis=alt.Axis(format="~s", tickCount=4),
        scale=alt.Scale(zero=False),
    )
    legend = alt.Legend(title=None, orient="top", symbolType="stroke", symbolStrokeWidth=3)
    scale = alt.Scale(domain=[COST, BOUND], range=[palette.accent, palette.muted])
    chart = alt.layer(
        alt.Chart(frame, name="course")
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=across,
            y=up,
            color=alt.Color("what:N", legend=legend, scale=scale),
            strokeDash=alt.StrokeDash(
                "what:N", legend=None, scale=alt.Scale(domain=[COST, BOUND], range=[[1, 0], [5, 3]])
            ),
        )
    )
    return finished(chart, palette, width, HEIGHT)


def gap_chart(points: Sequence[RunPoint], *, width: Width = "container", palette: Palette = LIGHT) -> alt.LayerChart:
    """Draw how much cheaper a plan could be at most, over the seconds of a run."""
    chart = alt.layer(
        alt.Chart(gap_frame(points), name="gap")
        .mark_line(interpolate="step-after", strokeWidth=2, color=palette.accent)
        .encode(
            x=alt.X("seconds:Q", title="seconds", axis=alt.Axis(tickMinStep=1, grid=False)),
            y=alt.Y(
                "gap:Q", title="gap, at most", axis=alt.Axis(format=".0%", tickCount=4),
                scale=alt.Scale(zero=True),
            ),
        )
    )  # fmt: skip
    return finished(chart, palette, width, HEIGHT)
