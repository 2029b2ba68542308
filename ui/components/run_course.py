"""Where a run stands and how it came there, from the store alone: every visitor sees the same, after a reload too."""

from collections.abc import Sequence

import altair as alt
import streamlit as st

from scheduler.desk.runs import Run, RunPoint
from scheduler.wording import money_text

from ..markdown import escape_markdown
from ..run_charts import course_chart, gap_chart
from ..theme import Palette


def run_figures(run: Run, points: Sequence[RunPoint], currency: str) -> None:
    """Draw cost, bound and gap as they are now."""
    last = points[-1] if points else None
    cost = run.objective_cents if last is None or last.objective_cents is None else last.objective_cents
    gap = None if not cost or run.bound_cents is None else (cost - min(cost, run.bound_cents)) / cost
    with st.container(horizontal=True):
        for label, cents in (("Weighted cost", cost), ("No plan costs less than", run.bound_cents)):
            shown = "not known yet" if cents is None else money_text(cents, currency, whole=True)
            st.metric(label, escape_markdown(shown), border=True)
        known = "nothing" if cost == 0 and run.bound_cents == 0 else "not known yet"
        st.metric("Could be cheaper by", known if gap is None else f"at most {gap:.1%}", border=True)


def run_curves(points: Sequence[RunPoint], currency: str, colours: Palette) -> None:
    """Draw the curves of a run, as far as there is a course to draw."""
    costs = [one for one in points if one.objective_cents is not None]
    if len(costs) < 2:
        return
    left, right = st.columns(2)
    with left:
        _draw(course_chart(points, currency=currency, palette=colours), "Cost and bound over the seconds of the run.")
    with right:
        _draw(gap_chart(points, palette=colours), "How much cheaper a plan could be at most, over the seconds.")


def _draw(chart: alt.LayerChart, says: str) -> None:
    st.vega_lite_chart(spec=chart.to_dict(validate=False), theme=None, alt=says)
