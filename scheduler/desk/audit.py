"""The log for those who audit: every entry a row, and what else it needs beside it."""

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

from scheduler.desk.entries import Entry
from scheduler.inputs.tables import guarded, utc_text

COLUMNS = ("seq", "at", "by", "action", "change", "reason", "detail", "key")
_SECRET = ("hash",)


def log_rows(log: Iterable[Entry]) -> list[dict[str, Any]]:
    """Give entries of the log as rows, without what would help to guess a secret."""
    return [
        {
            "seq": one.seq,
            "at": utc_text(one.at),
            "by": one.by,
            "action": one.action,
            "change": one.change or "",
            "reason": one.reason,
            "detail": {name: value for name, value in one.detail.items() if name not in _SECRET},
            "key": one.key or "",
        }
        for one in log
    ]


def log_csv(log: Iterable[Entry]) -> bytes:
    """Give entries of the log as CSV; see `COLUMNS`. No cell is taken for a formula by a spreadsheet."""
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, COLUMNS)
    writer.writeheader()
    for row in log_rows(log):
        detail = json.dumps(row["detail"], sort_keys=True, ensure_ascii=False)
        texts = {name: guarded(row[name]) for name in ("by", "change", "reason", "key")}
        writer.writerow(row | texts | {"detail": detail})
    return table.getvalue().encode("utf-8", "replace")
