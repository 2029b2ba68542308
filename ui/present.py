"""The present on a timeline: a line where the clock is, so that what is over can be told from what is to come."""

from datetime import datetime

import altair as alt
import pandas as pd

from .axes import Span, as_utc, local_time_axis
from .theme import Palette


def with_present(
    chart: alt.LayerChart, at: datetime, name: str, *, span: Span, zone: str, palette: Palette
) -> alt.LayerChart:
    """Add a named line to a timeline; `at` is local, without a zone, and a line outside the time shown is left out."""
    if not span[0] <= at < span[1]:
        return chart
    here = as_utc(pd.DataFrame({"start": pd.Series([at], dtype="datetime64[us]"), "text": [name]}))
    line = alt.Chart(here).encode(x=local_time_axis(span, zone))
    # Its name goes above the rows, to the side where there is room.
    late = at - span[0] > (span[1] - span[0]) / 2
    chart.layer += [
        line.mark_rule(color=palette.bad, strokeWidth=2, clip=True).properties(name="present"),
        line.mark_text(
            color=palette.bad, fontSize=11, fontWeight="bold", align="right" if late else "left", dx=-4 if late else 4,
            baseline="top", y=0, dy=1,
        ).encode(text=alt.Text("text:N")).properties(name="present_name"),
    ]  # fmt: skip
    return chart
