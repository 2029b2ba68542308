from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.horizon import WeeklyHours
from scheduler.inputs.cells import CellError, parse, parse_time, split_lag
from scheduler.inputs.columns import COLUMNS, TABLES, TYPES, Column
from scheduler.inputs.errors import Findings

ISO = "write ISO 8601, such as 2027-03-06T16:00Z or 2027-03-06 16:00; a bare date means 00:00"
BROKEN = [
    # Whole numbers.
    ("changes.csv", "duration_minutes", "abc", "'abc' is not a whole number; write digits, such as 60"),
    ("changes.csv", "duration_minutes", "45.5", "45.5 is not a whole number; write digits, such as 60"),
    ("changes.csv", "duration_minutes", "0", "0 is less than 1; write 1 or more"),
    ("changes.csv", "duration_minutes", "-45", "-45 is less than 1; write 1 or more"),
    ("changes.csv", "duration_minutes", "1e9", "'1e9' is more than 527,040; write 527,040 or less"),
    ("changes.csv", "duration_minutes", "٣", "'٣' is not a whole number; write digits, such as 60"),
    ("changes.csv", "backout_minutes", "-1", "-1 is less than 0; write 0 or more"),
    ("redundancy.csv", "min_up", "x", "'x' is not a whole number; write digits, such as 60"),
    # Shares and money.
    ("changes.csv", "failure_chance", "2", "2 is more than 1; write 1 or less"),
    ("changes.csv", "failure_chance", "nan", "'nan' is not a number; write a number from 0 to 1, such as 0.25"),
    ("changes.csv", "failure_chance", "inf", "'inf' is not a number; write a number from 0 to 1, such as 0.25"),
    (
        "changes.csv",
        "failure_chance",
        "0,5",
        "'0,5' is not a number; write a decimal point as '.' and nothing between thousands",
    ),
    ("teams.csv", "cost_per_user_hour", "10.005", "10.005 has more than two decimals; round it to cents"),
    ("teams.csv", "cost_per_user_hour", "-1", "-1 is less than 0; write 0 or more"),
    (
        "teams.csv",
        "cost_per_user_hour",
        "€10",
        "'€10' is not an amount of money; write currency units with at most two decimals, such as 1250.50",
    ),
    ("changes.csv", "drop_cost", "1e99", "'1e99' is more than 1,000,000,000; write 1,000,000,000 or less"),
    # Words.
    ("changes.csv", "mandatory", "maybe", "'maybe' is not yes or no; write one of these"),
    (
        "changes.csv",
        "impact",
        "OUTGE",
        "'OUTGE' is not one of NO-IMPACT, REDUCED-REDUNDANCY, DEGRADED, OUTAGE; did you mean 'OUTAGE'?",
    ),
    ("changes.csv", "type", "big", "'big' is not one of standard, normal, emergency, external; write one of these"),
    ("decisions.csv", "kind", "aprove", "'aprove' is not one of pin, approve, reject; did you mean 'approve'?"),
    ("dependencies.csv", "effect", "gone", "'gone' is not one of OUTAGE, DEGRADED; write one of these"),
    # Times, zones, holidays, hours.
    ("changes.csv", "earliest", "soon", f"'soon' is not a time; {ISO}"),
    ("changes.csv", "due", "2027-02-30", f"'2027-02-30' is not a time; {ISO}"),
    ("changes.csv", "due", "1027-02-20", "'1027-02-20' is not between 1970 and 2199; correct the year"),
    ("changes.csv", "due", "0001-01-01T00:00+14:00", f"'0001-01-01T00:00+14:00' is not a time; {ISO}"),
    ("teams.csv", "time_zone", "Londn", "'Londn' is not a time zone; did you mean 'Europe/London'?"),
    (
        "teams.csv",
        "time_zone",
        "Qqqq",
        "'Qqqq' is not a time zone; write a time zone of the IANA database, such as Europe/London",
    ),
    (
        "teams.csv",
        "time_zone",
        "../../etc/passwd",
        "'../../etc/passwd' is not a time zone; write a time zone of the IANA database, such as Europe/London",
    ),
    (
        "teams.csv",
        "holidays",
        "GB-EMG",
        "'GB-EMG' is not a country or region whose public holidays are known; did you mean 'GB-ENG'?",
    ),
    (
        "calendars.csv",
        "hours",
        "Mon 8-18",
        "'Mon 8-18' is not of the form 'Mon-Fri 08:00-18:00'; "
        "write weekly hours, such as Mon-Fri 08:00-18:00; Sat 22:00-06:00",
    ),
    (
        "calendars.csv",
        "hours",
        ";",
        "';' is not weekly hours; write weekly hours, such as Mon-Fri 08:00-18:00; Sat 22:00-06:00",
    ),
    # Text and ids.
    ("teams.csv", "email", "Bea", "'Bea' is not an e-mail address; write an address such as desk@example.com"),
    ("teams.csv", "team", "Bl;ue", "'Bl;ue' has a ';' in it, which separates ids in lists; choose an id without it"),
    ("teams.csv", "name", "Bl\aue", "'Bl\\x07ue' has a control character in it; delete it"),
    ("changes.csv", "title", "two\nlines", "'two\\nlines' has a line break in it; delete it"),
    ("changes.csv", "description", "bell\a", "'bell\\x07' has a control character in it; delete it"),
    ("changes.csv", "change", "C\u200b1", "'C\\u200b1' has an invisible character in it; delete it"),
    ("changes.csv", "change", "C" * 201, f"'{'C' * 79}…' is 201 characters long; an id has at most 200"),
    # Lists.
    ("changes.csv", "skills", "dba*0", "'dba*0' asks for nobody; write 1 or more, or leave the skill out"),
    (
        "calendars.csv",
        "applies_to",
        "mail",
        "'mail' is not something that a calendar can bind; "
        "write * (everything), service:x, team:x, site:x or engineer:x, joined by ';'",
    ),
]


@pytest.mark.parametrize(("file", "column", "value", "message"), BROKEN)
def test_broken_cells(cell: Any, file: str, column: str, value: str, message: str) -> None:
    assert f"{file}, row 2, {column}: {message}" in cell(file, column, value).problems()


def column_of(type_: str) -> Column:
    return next(column for column in COLUMNS if column.type == type_)


@pytest.mark.parametrize(
    ("file", "column", "text", "value"),
    [
        ("changes.csv", "duration_minutes", "30.0", 30),
        ("changes.csv", "failure_chance", "1e-05", Decimal("0.00001")),
        ("teams.csv", "cost_per_user_hour", "1250.5", 125050),
        ("teams.csv", "cost_per_user_hour", "0.10", 10),
        ("changes.csv", "mandatory", "No", False),
        ("changes.csv", "mandatory", "TRUE", True),
        ("changes.csv", "impact", "reduced-redundancy", "REDUCED-REDUNDANCY"),
        ("changes.csv", "services", "mail; web;mail;", ("mail", "web")),
        ("changes.csv", "skills", "dba; network*2 ;dba", (("dba", 2), ("network", 2))),
        ("changes.csv", "skills", "c*", (("c*", 1),)),
        ("changes.csv", "after", "A;B+120m", ("A", "B+120m")),
        ("changes.csv", "description", "two\nlines", "two\nlines"),
        ("changes.csv", "earliest", "2027-03-06", datetime(2027, 3, 6)),  # noqa: DTZ001 - a wall clock
        ("changes.csv", "earliest", "2027-03-06 16:00", datetime(2027, 3, 6, 16)),  # noqa: DTZ001
        ("changes.csv", "earliest", "2027-03-06T16:00Z", datetime(2027, 3, 6, 16, tzinfo=UTC)),
        ("changes.csv", "earliest", "2027-03-06T16:00:00+08:00", datetime(2027, 3, 6, 8, tzinfo=UTC)),
        ("calendars.csv", "applies_to", "*; service : a:b", ("*", "service:a:b")),
        ("calendars.csv", "hours", "Mon 22:00-06:00", WeeklyHours(((0, 1320, 1800),))),
        ("teams.csv", "holidays", "SG", "SG"),
        ("teams.csv", "name", "Bläu 青", "Bläu 青"),
    ],
)
def test_sound_cells(file: str, column: str, text: str, value: object) -> None:
    assert parse(TABLES[file][column], text, Findings()) == value


@pytest.mark.parametrize(
    ("piece", "found"),
    [
        ("A+120m", ("A", 120)),
        ("A + 2h", ("A", 120)),
        ("A+1d", ("A", 1440)),
        ("A", ("A", 0)),
        ("A+B", ("A+B", 0)),
        ("A+B+5m", ("A+B", 5)),
        ("+5m", ("+5m", 0)),
    ],
)
def test_pauses(piece: str, found: tuple[str, int]) -> None:
    assert split_lag(piece) == found


def test_a_long_cell_is_refused() -> None:
    with pytest.raises(CellError, match="is 200,000 characters long; at most 131,072 can be read"):
        parse(column_of("long text"), "x" * 200_000, Findings())


@given(st.sampled_from(COLUMNS), st.text(min_size=1))
def test_any_text_is_read_or_refused_with_a_message(column: Column, text: str) -> None:
    # Whatever else it raised would fail this test.
    with suppress(CellError):
        assert parse(column, text, Findings()) is not None


@given(st.decimals(min_value=0, max_value=1_000_000, places=2))
def test_money_is_exact(amount: Decimal) -> None:
    assert parse(TABLES["teams.csv"]["cost_per_user_hour"], f"{amount:f}", Findings()) == amount * 100


def test_times_keep_microseconds() -> None:
    assert parse_time("2027-03-06T16:00:00.25Z").microsecond == 250_000


def test_every_type_is_explained_and_used() -> None:
    assert {column.type for column in COLUMNS} == set(TYPES)
