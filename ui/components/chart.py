"""Charts on a page: built once for what they show, and picked on."""

import threading
from collections.abc import Callable, Collection, Hashable, Sequence
from typing import Any

import altair as alt
import streamlit as st
from altair.utils.schemapi import debug_mode

from ..review import Plan

MOST_KEPT = 60
# What Altair is told about data holds for the whole process, and visitors are served by threads.
_one_at_a_time = threading.Lock()


def draw(
    plan: Plan,
    shows: Hashable,
    build: Callable[[], alt.LayerChart],
    *,
    says: str,
    key: str | None = None,
    picks: Sequence[str] = (),
    describes: Collection[str] = (),
) -> None:
    """Draw a chart; `says` is its text for a screen reader.

    `shows` tells all that it depends on beside the windows of the plan and their costs: decisions too, as charts are
    kept over those.

    Where it `picks` any of its selections, the page runs again with what was picked in the session state under `key`.
    Marks of the views that it `describes` have a text each, which is that of their tooltip.
    """
    specification = plan.kept.get(shows)
    if specification is None:
        specification = _specification(build)
        _describe(specification, describes)
        if len(plan.kept) >= MOST_KEPT:
            plan.kept.clear()
        plan.kept[shows] = specification
    known = {one["name"] for one in specification.get("params", ())}
    modes = [one for one in picks if one in known]
    if not modes:
        st.vega_lite_chart(spec=specification, theme=None, alt=says)
    else:
        st.vega_lite_chart(spec=specification, theme=None, key=key, on_select="rerun", selection_mode=modes, alt=says)


def _values_once(data: Any, seen: dict[int, tuple[Any, Any]]) -> Any:
    # Several marks of a chart show one frame, and to turn it into text takes longer than all else.
    if id(data) not in seen:
        seen[id(data)] = data, alt.to_values(data)
    return seen[id(data)][1]


_ONCE = "each frame once"
alt.data_transformers.register(_ONCE, _values_once)


def _specification(build: Callable[[], alt.LayerChart]) -> dict[str, Any]:
    # Charts are tested against the schema; checking them each time takes longer than to draw them.
    with _one_at_a_time, debug_mode(False), alt.data_transformers.enable(_ONCE, seen={}):
        specification = dict(build().to_dict(validate=False))
    # On a telephone the names of rows would leave no room for what happens in them.
    specification["config"]["axisY"] = {"labelLimit": {"expr": "containerSize()[0] < 500 ? 110 : 220"}}
    return specification


def _describe(specification: dict[str, Any], names: Collection[str]) -> None:
    # Marks without a text of their own are no business of a screen reader, which is told what the chart shows.
    specification["config"]["aria"] = bool(names)
    if names:  # where there are many marks Streamlit would paint them on a canvas, which nothing can read
        specification["usermeta"] = {"embedOptions": {"renderer": "svg"}}
    for layer in specification["layer"]:
        mark = layer["mark"]
        layer["mark"] = (mark if isinstance(mark, dict) else {"type": mark}) | {"aria": layer.get("name") in names}
