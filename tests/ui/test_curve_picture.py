"""The curve of a change as a file of its own."""

import struct
from xml.etree import ElementTree

from builders import blackout, change, portfolio, schedule

from scheduler.explain import Witness
from scheduler.explanation import PriceCurve
from scheduler.portfolio import Portfolio
from scheduler.ui.curve_picture import SHARPNESS, WIDTH, curve_picture


def small() -> tuple[Portfolio, PriceCurve]:
    p = portfolio(
        changes=[change("A <1>")],
        users={("Blue", "app"): [4.0] * 4 + [1.0, 1.0] + [4.0] * 330},
        blackouts=[blackout("Mon 00:00", "Mon 12:00")],
    )
    return p, Witness(p, schedule(p, {"A <1>": "Tue 04:00"})).curve("A <1>")


def test_as_svg_that_stands_alone() -> None:
    drawn = curve_picture(*small(), ".svg")
    root = ElementTree.fromstring(drawn)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    texts = "".join(root.itertext())
    assert "A <1>" in texts
    assert "forbidden by blackout" in texts
    assert float(root.get("width", "0")) >= WIDTH / 2
    assert curve_picture(*small(), ".svg") == drawn
    assert b"var(--" not in drawn, "colours of a page that is not there"


def test_as_png() -> None:
    drawn = curve_picture(*small(), ".png")
    assert drawn.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", drawn[16:24])
    wide = float(ElementTree.fromstring(curve_picture(*small(), ".svg")).get("width", "0"))
    assert width == SHARPNESS * wide
    assert height > 200
