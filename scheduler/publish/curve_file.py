"""What every start of one change would cost, as a file: rows for programs and tables, or a picture."""

import csv
import importlib
import io

from scheduler.explanation import PriceCurve, curve_rows
from scheduler.inputs import dump
from scheduler.inputs.tables import utc_text
from scheduler.portfolio import Portfolio

CURVE_COLUMNS = ("start", "cents", "extra_cents", "forbidden_by")
AT_LEAST = "at_least_cents"
"""A further column of curves that were bounded; empty where no plan can have the start."""
CURVE_FORMATS = (".csv", ".json", ".svg", ".png")


def curve_document(portfolio: Portfolio, curve: PriceCurve) -> list[dict[str, object]]:
    """Give a curve as the content of a JSON document, one entry per start; see `curve_rows`."""
    return [row | {"start": utc_text(row["start"])} for row in curve_rows(portfolio, curve)]


def curve_file(portfolio: Portfolio, curve: PriceCurve, suffix: str) -> bytes:
    """Write a curve in one of `CURVE_FORMATS`; in CSV the rules that forbid a start are joined by `;`."""
    if suffix in (".svg", ".png"):
        # Drawing needs a lot, and in a checkout lies beside the package.
        picture = importlib.import_module("scheduler.ui.curve_picture")
        drawn: bytes = picture.curve_picture(portfolio, curve, suffix)
        return drawn
    rows = curve_document(portfolio, curve)
    if suffix == ".json":
        return dump({"change": curve.change, "curve": rows}).encode("utf-8", "backslashreplace")
    table = io.StringIO()
    writer = csv.writer(table)
    bounded = curve.at_least is not None
    writer.writerow((*CURVE_COLUMNS, AT_LEAST) if bounded else CURVE_COLUMNS)
    for row in curve_rows(portfolio, curve):
        known = (utc_text(row["start"]), row["cents"], row["extra_cents"], ";".join(row["forbidden_by"]))
        writer.writerow((*known, row[AT_LEAST]) if bounded else known)
    return table.getvalue().encode()
