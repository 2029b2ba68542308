"""Charts as pictures inside a page: SVG without script, links, fonts or anything else that would be fetched.

Only elements and attributes that draw are kept, and text is escaped anew, so that nothing in the data of a chart can
become more than text. The same chart gives the same bytes.
"""

import re
from typing import Any
from xml.etree import ElementTree

import altair as alt
import vl_convert
from markupsafe import Markup

from .text import visible

_ELEMENTS = {"svg", "g", "path", "rect", "line", "text", "tspan", "defs", "clipPath", "circle"}
_ATTRIBUTES = {
    "clip-path", "cx", "cy", "d", "dx", "dy", "fill", "fill-opacity", "font-family", "font-size", "font-style",
    "font-weight", "height", "id", "opacity", "r", "rx", "ry", "stroke", "stroke-dasharray", "stroke-linecap",
    "stroke-linejoin", "stroke-opacity", "stroke-width", "text-anchor", "transform", "viewBox", "width", "x", "x1",
    "x2", "y", "y1", "y2",
}  # fmt: skip
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CLIP = re.compile(r"clip(\d+)")
_NOT_A_TITLE = {
    "if", "constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString",
    "valueOf", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "__proto__",
}  # fmt: skip
"""Texts that Vega 6 takes for something else where they stand alone."""


def svg(chart: alt.TopLevelMixin, name: str, description: str) -> Markup:
    """Draw a chart as an `<svg>` element to stand in a page of HTML.

    `name` tells its ids from those of other charts of the page; `description` is what a screen reader says.
    """
    with alt.data_transformers.enable("default", max_rows=None):
        specification = _drawable(chart.to_dict(validate=False))
    root = ElementTree.fromstring(vl_convert.vegalite_to_svg(specification, vl_version=_version()))
    drawing = _clean(root, name, {})
    width, height = root.get("width", ""), root.get("height", "")
    drawing.attrib = {"viewBox": f"0 0 {width} {height}", "width": width, "height": height}
    drawing.attrib |= {"class": "chart", "role": "img", "aria-label": visible(description)}
    return Markup(ElementTree.tostring(drawing, encoding="unicode"))


def _version() -> str:
    """Give the version of Vega-Lite that charts are written in, or else the newest that the converter knows."""
    written = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    known = vl_convert.get_vegalite_versions()
    return written if written in known else known[-1]


def _clean(element: ElementTree.Element, name: str, clips: dict[str, str]) -> ElementTree.Element:
    """Copy an element with what draws and nothing else, clips named in the order in which they are met."""

    def named(found: re.Match[str]) -> str:
        return clips.setdefault(found[0], f"{name}-clip{len(clips)}")

    copy = ElementTree.Element(element.tag.rpartition("}")[2])
    for attribute, value in element.attrib.items():
        if attribute in _ATTRIBUTES and not (attribute == "opacity" and value == "1"):
            value = _CLIP.sub(named, value) if attribute in ("id", "clip-path") else value
            copy.set(attribute, _LONG_NUMBER.sub(_short, value))
    copy.text = element.text
    for child in element:
        if child.tag.rpartition("}")[2] in _ELEMENTS and not _draws_nothing(child):
            copy.append(_clean(child, name, clips))
    return copy


def _draws_nothing(element: ElementTree.Element) -> bool:
    return element.get("display") == "none" or element.get("d") in ("", "M0,0h0v0h0Z")


def _short(found: re.Match[str]) -> str:
    return f"{float(found[0]):.2f}".rstrip("0").rstrip(".")


def _drawable(value: Any) -> Any:
    """Replace what XML cannot hold in every text of a specification: the converter ends the process over it.

    A text that Vega would stumble over is followed by a space.
    """
    if isinstance(value, str):
        return f"{value} " if value in _NOT_A_TITLE else _NOT_XML.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_drawable(key): _drawable(item) for key, item in value.items()}
    return [_drawable(item) for item in value] if isinstance(value, list) else value
