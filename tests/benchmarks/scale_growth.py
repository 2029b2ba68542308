"""How planning grows from S to XL: compiling, first plan, gap at a fixed time and memory, as a table and a picture."""

from collections.abc import Sequence
from pathlib import Path

import altair as alt
import vl_convert
from cases import Record
from scale_tables import CHANGES, groups, middle

GAP_AT = 60
"""Seconds at which the gaps of all sizes are compared, of those in the results: all sizes but S are planned longer."""
FIGURES = {
    "build and compile, s": "compiling",
    "first plan, s": "first_plan",
    f"gap after {GAP_AT} s, %": "gap_then",
    "peak memory, GiB": "memory_gib",
}


def growth(records: Sequence[Record]) -> list[dict[str, str | float]]:
    """Give the medians of `plain` by size and sharing in the order of sizes, one row per figure."""
    rows: list[dict[str, str | float]] = []
    for (size, sharing, kind, _), own in groups(records).items():
        if kind != "plain":
            continue
        figured = [_figures(record) for record in own]
        for title, name in FIGURES.items():
            value = middle(figured, name)
            if value is not None:
                rows.append({"size": size, "changes": CHANGES[size], "sharing": f"{sharing:.0%} shared",
                             "figure": title, "value": value})  # fmt: skip
    return rows


def _figures(record: Record) -> Record:
    # A run that ended earlier, S and whatever was proved, keeps the gap that it ended with.
    then = record["at"].get(str(GAP_AT)) if record["seconds"] >= GAP_AT else None
    gap = then["gap"] if then else record["gap_before_fairness"]
    return {
        "compiling": record["build"] + record["compile_problem"],
        "first_plan": record["first_plan"],
        "gap_then": None if gap is None else 100 * gap,
        "memory_gib": record["memory"] / 1024,
    }


def growth_text(records: Sequence[Record]) -> str:
    """Print the growth as a table."""
    rows = growth(records)
    lines = ["size   changes  sharing      " + "".join(f"{title:>22}" for title in FIGURES)]
    for size, sharing in dict.fromkeys((row["size"], row["sharing"]) for row in rows):
        own = {row["figure"]: row["value"] for row in rows if (row["size"], row["sharing"]) == (size, sharing)}
        values = (f"{own[title]:>22.2f}" if title in own else f"{'–':>22}" for title in FIGURES)
        lines.append(f"{size:<6} {CHANGES[str(size)]:>7,}  {sharing:<12} " + "".join(values))
    return "\n".join(lines)


def draw_growth(records: Sequence[Record], path: Path) -> None:
    """Draw the growth as an SVG: one panel per figure over the number of changes."""
    rows = growth(records)
    if not rows:
        raise SystemExit("nothing is measured yet")
    ticks = sorted({int(row["changes"]) for row in rows})
    panels = [
        alt.Chart(alt.Data(values=[row for row in rows if row["figure"] == title]), title=title, width=190, height=150)
        .mark_line(point=True)
        .encode(
            x=alt.X("changes:Q", scale=alt.Scale(type="log"), axis=alt.Axis(values=ticks, format="~s")),
            y=alt.Y("value:Q", title=None, scale=alt.Scale(zero=True)),
            color=alt.Color("sharing:N", title=None, legend=alt.Legend(orient="bottom")),
        )
        for title in FIGURES
    ]
    chart = alt.hconcat(*panels).configure_view(stroke=None).configure_axis(grid=True, gridOpacity=0.3)
    path.write_text(vl_convert.vegalite_to_svg(chart.to_dict()), encoding="utf-8")
