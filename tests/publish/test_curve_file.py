"""A curve as rows: every start with its price and what forbids it."""

import csv
import io
import json

from builders import blackout, change, portfolio, schedule

from scheduler.explain import Witness
from scheduler.explanation import PriceCurve
from scheduler.portfolio import Portfolio
from scheduler.publish.curve_file import CURVE_COLUMNS, CURVE_FORMATS, curve_file


def small() -> tuple[Portfolio, PriceCurve]:
    """Four users at a euro an hour, one from 02:00 to 03:00; A takes an hour and is where four are."""
    p = portfolio(
        changes=[change("A", earliest="Mon 00:30")],
        users={("Blue", "app"): [4.0] * 4 + [1.0, 1.0] + [4.0] * 330},
        blackouts=[blackout("Mon 00:00", "Mon 01:00")],
    )
    return p, Witness(p, schedule(p, {"A": "Mon 04:00"})).curve("A")


def test_as_csv() -> None:
    rows = list(csv.reader(io.StringIO(curve_file(*small(), ".csv").decode())))
    assert rows[0] == list(CURVE_COLUMNS)
    # 336 half-hours, in the last of which an hour does not fit.
    assert len(rows) == 1 + 335
    assert rows[1] == ["2027-03-01T00:00:00Z", "400", "0", "blackout;earliest"]
    assert rows[2] == ["2027-03-01T00:30:00Z", "400", "0", "blackout"]
    assert rows[4:6] == [["2027-03-01T01:30:00Z", "250", "-150", ""], ["2027-03-01T02:00:00Z", "100", "-300", ""]]


def test_as_json() -> None:
    document = json.loads(curve_file(*small(), ".json"))
    assert document["change"] == "A"
    assert document["curve"][0] == {
        "start": "2027-03-01T00:00:00Z",
        "cents": 400,
        "extra_cents": 0,
        "forbidden_by": ["blackout", "earliest"],
    }


def test_every_format_is_written() -> None:
    assert len({curve_file(*small(), suffix) for suffix in CURVE_FORMATS}) == len(CURVE_FORMATS)
