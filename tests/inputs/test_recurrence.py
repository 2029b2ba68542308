# Most naive datetimes here are wall-clock times on purpose.
# ruff: noqa: DTZ001
import time
from datetime import datetime, timedelta

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.inputs.recurrence import Budget, RuleError, occurrences, parse_rule

START = datetime(2026, 12, 1, 22, 30)
END = datetime(2028, 12, 1)


def expand(text: str, start: datetime = START, after: datetime | None = None, before: datetime = END) -> list[str]:
    found = occurrences(parse_rule(text), start, after or start, before, Budget(1_000_000))
    return [f"{moment:%Y-%m-%d %H:%M}" for moment in found]


# Worked out with a wall calendar: 1 December 2026 is a Tuesday.
HAND = [
    ("FREQ=MONTHLY;BYDAY=2TU;COUNT=3", ["2026-12-08 22:30", "2027-01-12 22:30", "2027-02-09 22:30"]),
    ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=2", ["2026-12-25 22:30", "2027-01-29 22:30"]),
    ("FREQ=WEEKLY;COUNT=2", ["2026-12-01 22:30", "2026-12-08 22:30"]),
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TU;UNTIL=20261215T223000",
     ["2026-12-01 22:30", "2026-12-06 22:30", "2026-12-15 22:30"]),
    # With weeks from Sunday the 6th begins the next one, which is left out.
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TU;WKST=SU;UNTIL=20261215",
     ["2026-12-01 22:30", "2026-12-13 22:30", "2026-12-15 22:30"]),
    ("FREQ=DAILY;INTERVAL=10;COUNT=3", ["2026-12-01 22:30", "2026-12-11 22:30", "2026-12-21 22:30"]),
    ("FREQ=DAILY;BYHOUR=1,13;BYMINUTE=0;COUNT=3", ["2026-12-02 01:00", "2026-12-02 13:00", "2026-12-03 01:00"]),
    ("FREQ=HOURLY;INTERVAL=6;COUNT=3", ["2026-12-01 22:30", "2026-12-02 04:30", "2026-12-02 10:30"]),
    ("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=3", ["2026-12-31 22:30", "2027-01-31 22:30", "2027-03-31 22:30"]),
    ("FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3", ["2026-12-31 22:30", "2027-01-31 22:30", "2027-02-28 22:30"]),
    # The last working day of a month: 31 December is a Thursday, 29 January a Friday.
    ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2", ["2026-12-31 22:30", "2027-01-29 22:30"]),
    ("FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;COUNT=2", ["2027-03-28 22:30", "2028-03-26 22:30"]),
    ("FREQ=YEARLY;BYDAY=1MO;COUNT=1", ["2027-01-04 22:30"]),
    # Week 53 of 2026 ends on Sunday, 3 January 2027; DTSTART's Tuesday stands in for the day.
    ("FREQ=YEARLY;BYWEEKNO=53;COUNT=1", ["2026-12-29 22:30"]),
    ("FREQ=YEARLY;BYWEEKNO=-1;BYDAY=FR;COUNT=1", ["2027-01-01 22:30"]),
    ("FREQ=YEARLY;BYYEARDAY=60,-1;COUNT=3", ["2026-12-31 22:30", "2027-03-01 22:30", "2027-12-31 22:30"]),
    ("FREQ=YEARLY;COUNT=2", ["2026-12-01 22:30", "2027-12-01 22:30"]),
    ("rrule:freq=weekly;count=1", ["2026-12-01 22:30"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), HAND)
def test_hand_worked_rules(text: str, expected: list[str]) -> None:
    assert expand(text) == expected


def test_a_range_gives_what_lies_in_it() -> None:
    # COUNT counts from the start even where the range begins later.
    late = datetime(2026, 12, 10)
    assert expand("FREQ=WEEKLY;COUNT=3", after=late) == ["2026-12-15 22:30"]
    assert expand("FREQ=WEEKLY", after=late, before=datetime(2026, 12, 15, 22, 30)) == []
    far = expand("FREQ=WEEKLY", datetime(1970, 1, 6, 1), datetime(2026, 12, 1), datetime(2026, 12, 9))
    assert far == ["2026-12-01 01:00", "2026-12-08 01:00"]


rules = st.builds(
    lambda frequency, interval, parts: ";".join([f"FREQ={frequency}", f"INTERVAL={interval}", *parts]),
    st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY"]),
    st.integers(1, 5),
    st.lists(
        st.sampled_from(
            ["BYMONTH=2,11", "BYMONTHDAY=1,15,-1", "BYDAY=MO,SU", "BYYEARDAY=1,-30,60", "BYHOUR=3,20", "BYMINUTE=0,30",
             "WKST=SU", "WKST=WE", "COUNT=7", "UNTIL=20270704T120000", "BYSETPOS=1,-1"]
        ),
        max_size=3,
        unique_by=lambda part: part.split("=")[0].replace("COUNT", "UNTIL"),
    ),
).filter(lambda text: "SETPOS" not in text or any(f";BY{part}" in text.replace("BYSETPOS", "") for part in
                                                 ("MON", "DAY", "YEARDAY", "HOUR", "MINUTE")))  # fmt: skip
placed = st.sampled_from(
    ["FREQ=MONTHLY;BYDAY=2TU,-1FR", "FREQ=YEARLY;BYDAY=20MO,-1SU", "FREQ=YEARLY;BYMONTH=3,10;BYDAY=-1SU",
     "FREQ=YEARLY;BYWEEKNO=1,20,53;BYDAY=MO,SU", "FREQ=YEARLY;BYWEEKNO=-1;BYDAY=TU;WKST=SU",
     "FREQ=MONTHLY;INTERVAL=5;BYMONTHDAY=31"]
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(rules | placed, st.datetimes(datetime(2023, 1, 1), datetime(2026, 12, 1)), st.integers(0, 900))
def test_another_reader_finds_the_same(text: str, start: datetime, days: int) -> None:
    start = start.replace(microsecond=0)
    after = start + timedelta(days=days)
    before = after + timedelta(days=430)
    try:
        expected = rrulestr(text, dtstart=start).between(after, before - timedelta(seconds=1), inc=True)
    except ValueError:  # it refuses steps of hours that never meet BYHOUR
        expected = []
    assert list(occurrences(parse_rule(text), start, after, before, Budget(10_000_000))) == expected


WRONG = [
    ("", "'' is not of the form PART=VALUE; write a rule such as FREQ=MONTHLY;BYDAY=2TU"),
    ("every tuesday", "'EVERY TUESDAY' is not of the form PART=VALUE; write a rule such as FREQ=MONTHLY;BYDAY=2TU"),
    ("FREQ=SECONDLY", "FREQ=SECONDLY comes back too often to be expanded; use HOURLY or rarer"),
    ("FREQ=MINUTELY;COUNT=5", "FREQ=MINUTELY comes back too often to be expanded; use HOURLY or rarer"),
    ("FREQ=FORTNIGHTLY", "FREQ='FORTNIGHTLY' is not one of HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY; write one of these"),
    ("INTERVAL=2", "FREQ='' is not one of HOURLY, DAILY, WEEKLY, MONTHLY, YEARLY; write one of these"),
    ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0 is not a whole number from 1 up; correct it"),
    ("FREQ=DAILY;COUNT=-1", "COUNT=-1 is not a whole number from 1 up; correct it"),
    ("FREQ=DAILY;COUNT=99999999999999", "COUNT=99999999999999 is not a whole number from 1 up; correct it"),
    ("FREQ=DAILY;UNTIL=soon", "UNTIL='SOON' is not a time such as 20270401 or 20270401T120000Z; correct it"),
    ("FREQ=DAILY;UNTIL=20271301", "UNTIL=20271301 is not a time such as 20270401 or 20270401T120000Z; correct it"),
    ("FREQ=DAILY;BYHOUR=24", "BYHOUR=24 is not a number from 0 to 23; correct it"),
    ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY=0 is not a number from 1 to 31; correct it"),
    ("FREQ=MONTHLY;BYDAY=TUE", "BYDAY='TUE' is not a weekday such as TU, 2TU or -1FR; correct it"),
    ("FREQ=MONTHLY;BYDAY=0TU", "BYDAY='0TU' is not a weekday such as TU, 2TU or -1FR; correct it"),
    ("FREQ=WEEKLY;BYDAY=2TU", "BYDAY='2TU' counts weekdays of a month or year; write FREQ=MONTHLY with it"),
    ("FREQ=DAILY;FREQ=DAILY", "FREQ is given twice; keep one of them"),
    ("FREQ=DAILY;RSCALE=HEBREW", "'RSCALE' is not a part of a rule that can be read; leave it out"),
    ("FREQ=DAILY;WKST=XX", "WKST='XX' is not one of MO, TU, WE, TH, FR, SA, SU; write one of these"),
    ("FREQ=DAILY;BYSETPOS=1", "BYSETPOS chooses among dates or times, and there are none; add BYDAY or the like"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_rules_that_cannot_be_read(text: str, message: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_rule(text)
    assert str(caught.value) == message


def numbers(count: int) -> str:
    return ",".join(map(str, range(count)))


BOMBS = [
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30;COUNT=999999999",
    f"FREQ=HOURLY;BYMINUTE={numbers(60)};BYSECOND={numbers(24)}",
    f"FREQ=YEARLY;BYHOUR={numbers(24)};BYMINUTE={numbers(60)};BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=-1",
    "FREQ=YEARLY;INTERVAL=999999999",
    "FREQ=DAILY;COUNT=999999999",
]


@pytest.mark.parametrize("text", BOMBS)
def test_no_rule_takes_long(text: str) -> None:
    begun = time.process_time()
    try:
        found = len(list(occurrences(parse_rule(text), datetime(1970, 1, 1), START, END, Budget(1_000_000))))
    except RuleError:
        found = 0
    assert found <= 1_000_000
    assert time.process_time() - begun < 10


def test_a_rule_that_comes_too_often_a_day() -> None:
    with pytest.raises(RuleError, match="86,400 times a day"):
        parse_rule(f"FREQ=DAILY;BYHOUR={numbers(24)};BYMINUTE={numbers(60)};BYSECOND={numbers(60)}")
