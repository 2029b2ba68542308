import pytest

from scheduler.inputs.cells import parse
from scheduler.inputs.columns import COLUMNS, FILES, TABLES, TYPES, Column, readme_table
from scheduler.inputs.errors import Findings


@pytest.mark.parametrize("column", [column for column in COLUMNS if column.default], ids=lambda one: one.name)
def test_defaults_can_be_read(column: Column) -> None:
    parse(column, column.default, Findings())


def test_each_column_comes_once_in_a_file_that_is_known() -> None:
    assert len({(column.file, column.name) for column in COLUMNS}) == len(COLUMNS)
    assert {column.file for column in COLUMNS} == set(FILES)
    assert sum(len(columns) for columns in TABLES.values()) == len(COLUMNS)


def test_the_readme_table_has_every_type_and_column() -> None:
    text = readme_table()
    for name in TYPES:
        assert f"| {name} |" in text
    assert "| changes.csv | **duration_minutes** | whole number | minutes |  | Length that half" in text
    assert "| changes.csv | impact | NO-IMPACT, REDUCED-REDUNDANCY, DEGRADED, OUTAGE |  | OUTAGE |" in text
    assert "| preferences.csv | **team** | id |  |  | Client team. |" in text
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    assert len(rows) == len(TYPES) + len(COLUMNS) + 2
    # Six cells have seven bars, a bar within a cell not counted.
    assert all(line.replace("\\|", "").count("|") == 7 for line in rows[len(TYPES) + 1 :])
