"""Drawings hold nothing that runs or is fetched, and are the same for the same chart."""

from xml.etree import ElementTree

import altair as alt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.ui.drawing import svg


def chart(*names: str) -> alt.Chart:
    rows = pd.DataFrame({"name": list(names), "size": list(range(1, len(names) + 1))})
    clipped = alt.Chart(rows).mark_bar(clip=True, color="var(--accent)")
    return clipped.encode(x="size:Q", y=alt.Y("name:N", title=names[0])).configure(aria=False)


def test_only_what_draws_is_left() -> None:
    drawing = svg(chart("<script>alert(1)</script>", "javascript:alert(1)"), "one", "two bars")
    root = ElementTree.fromstring(drawing)
    assert {element.tag for element in root.iter()} <= {"svg", "g", "path", "rect", "line", "text", "defs", "clipPath"}
    attributes = {name for element in root.iter() for name in element.attrib}
    assert not {name for name in attributes if "href" in name or name.startswith("on") or name == "style"}
    assert "&lt;script&gt;" in drawing
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == "two bars"


def test_colours_stay_the_roles_they_are() -> None:
    assert svg(chart("a"), "one", "").count('fill="var(--accent)"') == 1


def test_the_same_chart_gives_the_same_bytes_however_many_came_before() -> None:
    first = svg(chart("a", "b"), "one", "")
    svg(chart("c"), "other", "")
    assert svg(chart("a", "b"), "one", "") == first


def test_ids_of_two_drawings_do_not_meet() -> None:
    one, other = (ElementTree.fromstring(svg(chart("a"), name, "")) for name in ("one", "two"))
    ids = [{element.get("id") for element in root.iter()} - {None} for root in (one, other)]
    assert ids[0]
    assert not ids[0] & ids[1]
    used = {element.get("clip-path") for element in one.iter()} - {None}
    assert used == {f"url(#{name})" for name in ids[0]}


@pytest.mark.parametrize("text", ["\x00", "\x07bell", "\ufffe", "\uffff", "]]>", "&#7;", "\x1b[31m", "a\nb"])
def test_what_xml_cannot_hold_does_no_harm(text: str) -> None:
    assert "<svg" in svg(chart(text, "b"), "one", text)


@pytest.mark.parametrize("text", ["if", "constructor", "toString", "__proto__", "__lookupSetter__"])
def test_what_vega_takes_for_something_else_is_a_text_all_the_same(text: str) -> None:
    assert f">{text}" in svg(chart(text, "b"), "one", text)


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=12))
def test_any_text_can_be_drawn(text: str) -> None:
    ElementTree.fromstring(svg(chart(text, f"{text}2"), "one", text))
