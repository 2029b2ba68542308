"""Recorded usage: clocks, duplicates, and what is wrong with rows. Offsets are worked out by hand in comments."""

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

HEAD = "team,service,start,users\n"


def rows(portfolio: Any) -> list[tuple[str, float]]:
    """Give (instant in UTC, users) of every row."""
    return [(f"{one.start:%m-%d %H:%M}", one.users) for one in portfolio.usage.itertuples()]


def in_zone(folder: Any, zone: str, *starts: str, now: str = "2027-11-15T00:00:00Z") -> Any:
    """Give a portfolio whose only team works in a zone, with one usage row per start; users count them from 1."""
    folder.policy("", start="2027-11-22T00:00:00Z", now=now)
    folder.write("teams.csv", f"team,cost_per_user_hour,uses,headcount,contact,time_zone\nBlue,10,mail,5,Bea,{zone}\n")
    lines = [f"Blue,mail,{start},{number}" for number, start in enumerate(starts, start=1)]
    folder.write("usage.csv", "\n".join([HEAD.strip(), *lines, ""]))
    return folder


# 31 October 2027: London's clocks go from 02:00 BST (UTC+1) back to 01:00 GMT.
LONDON_BACK = ("2027-10-31 00:00", "2027-10-31 01:00", "2027-10-31 01:00", "2027-10-31 02:00")


def test_both_passes_of_a_repeated_hour(folder: Any) -> None:
    assert rows(in_zone(folder, "Europe/London", *LONDON_BACK).load()) == [
        ("10-30 23:00", 1),
        ("10-31 00:00", 2),
        ("10-31 01:00", 3),
        ("10-31 02:00", 4),
    ]


def test_half_hours_of_a_repeated_hour(folder: Any) -> None:
    starts = [f"2027-10-31 {clock}" for clock in ("01:00", "01:30", "01:00", "01:30")]
    found = rows(in_zone(folder, "Europe/London", *starts).load())
    assert found == [("10-31 00:00", 1), ("10-31 00:30", 2), ("10-31 01:00", 3), ("10-31 01:30", 4)]


def test_one_row_in_a_repeated_hour_is_the_first_pass(folder: Any) -> None:
    folder = in_zone(folder, "Europe/London", "2027-10-31 01:00", now="2027-11-01T00:00:00Z")
    assert rows(folder.load()) == [("10-31 00:00", 1)]
    assert folder.warnings() == []


def test_a_repeated_hour_in_new_york(folder: Any) -> None:
    # 7 November 2027: from 02:00 EDT (UTC-4) back to 01:00 EST (UTC-5).
    starts = ("2027-11-07 00:00", "2027-11-07 01:00", "2027-11-07 01:00", "2027-11-07 02:00")
    assert rows(in_zone(folder, "America/New_York", *starts).load()) == [
        ("11-07 04:00", 1),
        ("11-07 05:00", 2),
        ("11-07 06:00", 3),
        ("11-07 07:00", 4),
    ]


def test_a_repeated_half_hour_on_lord_howe_island(folder: Any) -> None:
    # 4 April 2027: from 02:00 (UTC+11) back to 01:30 (UTC+10:30); 01:00 comes once, 01:30 twice.
    starts = [f"2027-04-04 {clock}" for clock in ("01:00", "01:30", "01:30", "02:00")]
    found = rows(in_zone(folder, "Australia/Lord_Howe", *starts).load())
    assert found == [("04-03 14:00", 1), ("04-03 14:30", 2), ("04-03 15:00", 3), ("04-03 15:30", 4)]


def test_a_third_row_in_a_repeated_hour_is_one_too_many(folder: Any) -> None:
    assert in_zone(folder, "Europe/London", *["2027-10-31 01:00"] * 3).problems() == [
        "usage.csv, row 4, start: 2027-10-31T01:00:00Z is recorded for 'Blue' and 'mail' in row 3 too; "
        "keep one of the two rows"
    ]


@pytest.mark.parametrize(
    ("zone", "start", "taken", "instant"),
    [
        # London: 01:00 GMT to 02:00 BST on 28 March; 01:30 GMT is 02:30 BST.
        ("Europe/London", "2027-03-28 01:30", "2027-03-28 02:30", "03-28 01:30"),
        # New York: 02:00 EST to 03:00 EDT on 14 March; 02:30 EST is 03:30 EDT.
        ("America/New_York", "2027-03-14 02:30", "2027-03-14 03:30", "03-14 07:30"),
        # Lord Howe: 02:00 (UTC+10:30) to 02:30 (UTC+11) on 3 October; 02:00 is 02:30, or 15:30 the day before in UTC.
        ("Australia/Lord_Howe", "2027-10-03 02:00", "2027-10-03 02:30", "10-02 15:30"),
    ],
)
def test_a_skipped_time_moves_forward(folder: Any, zone: str, start: str, taken: str, instant: str) -> None:
    folder = in_zone(folder, zone, start, now="2027-10-10T00:00:00Z")
    assert rows(folder.load()) == [(instant, 1)]
    text = f"'{start}' is skipped in {zone}, where the clocks go forward; {taken} is taken"
    assert f"usage.csv, row 2, start: {text}" in folder.warnings()


def test_a_skipped_time_gives_way_to_a_row_of_its_own(folder: Any) -> None:
    # 24 rows for a day of 23 hours: 01:00 does not exist, and 02:00 BST has its own row.
    starts = [f"2027-03-28 0{hour}:00" for hour in range(4)]
    assert rows(in_zone(folder, "Europe/London", *starts).load()) == [
        ("03-28 00:00", 1),
        ("03-28 01:00", 3),
        ("03-28 02:00", 4),
    ]


def test_skipped_times_are_counted(folder: Any) -> None:
    folder = in_zone(folder, "Europe/London", "2027-03-28 01:00", "2027-03-28 01:30", now="2027-04-01T00:00:00Z")
    assert folder.warnings() == [
        "usage.csv, row 2, start: '2027-03-28 01:00' is skipped in Europe/London, where the clocks go forward; "
        "2027-03-28 02:00 is taken (and in 1 more row)"
    ]


def test_times_with_an_offset_need_no_zone(folder: Any) -> None:
    starts = ("2027-10-31T01:00+01:00", "2027-10-31T01:00Z", "2027-10-31T10:00+08:00", "2027-10-31 03:00")
    found = rows(in_zone(folder, "Europe/London", *starts).load())
    assert found == [("10-31 00:00", 1), ("10-31 01:00", 2), ("10-31 02:00", 3), ("10-31 03:00", 4)]


def test_the_same_time_written_in_two_ways_is_recorded_twice(folder: Any) -> None:
    assert in_zone(folder, "Asia/Singapore", "2027-10-31 08:00", "2027-10-31T00:00Z").problems() == [
        "usage.csv, row 3, start: 2027-10-31T00:00:00Z is recorded for 'Blue' and 'mail' in row 2 too; "
        "keep one of the two rows"
    ]


def test_rows_are_sorted_and_typed(folder: Any) -> None:
    folder.write("teams.csv", "team,cost_per_user_hour,contact,time_zone\nBlue,1,B,Asia/Singapore\nAda,1,A,\n")
    folder.write("services.csv", "service\nmail\nweb\n")
    folder.write(
        "usage.csv",
        "users,start,service,team,minutes\n1.5,2027-02-20 10:00,web,Blue,30\n,2027-02-20 09:00,web,Blue,\n"
        "2,2027-02-20 10:00,mail,Blue,\n3,2027-02-20 10:00,web,Ada,\n",
    )
    usage = folder.load().usage
    assert {name: str(kind) for name, kind in usage.dtypes.items()} == {
        "team": "category",
        "service": "category",
        "start": "datetime64[ns, UTC]",
        "minutes": "int64",
        "users": "float64",
    }
    assert usage["team"].tolist() == ["Ada", "Blue", "Blue", "Blue"]
    assert usage["service"].tolist() == ["web", "mail", "web", "web"]
    # Blue's clock is eight hours ahead.
    assert [f"{start:%H:%M}" for start in usage["start"]] == ["10:00", "02:00", "01:00", "02:00"]
    assert usage["minutes"].tolist() == [60, 60, 60, 30]
    assert np.array_equal(usage["users"], [3, 2, np.nan, 1.5], equal_nan=True)


def test_no_usage_has_the_same_columns(folder: Any) -> None:
    empty = folder.load().usage
    full = folder.write("usage.csv", HEAD + "Blue,mail,2027-02-20,1\n").load().usage
    assert list(empty.columns) == list(full.columns)
    assert empty.dtypes[2:].equals(full.dtypes[2:])
    assert len(folder.write("usage.csv", HEAD).load().usage) == 0


BROKEN = [
    ("Bleu,mail,2027-02-20,1\n", "team: 'Bleu' is not in teams.csv; did you mean 'Blue'?"),
    (
        "Blue,web,2027-02-20,1\n",
        "service: 'web' is not in services.csv or redundancy.csv; add it there, or correct it here",
    ),
    (",mail,2027-02-20,1\n", "team: this required cell is empty; fill it in"),
    ("Blue,,2027-02-20,1\n", "service: this required cell is empty; fill it in"),
    ("Blue,mail,,1\n", "start: this required cell is empty; fill it in"),
    (
        "Blue,mail,yesterday,1\n",
        "start: 'yesterday' is not a time; write ISO 8601, such as 2027-03-06T16:00Z or 2027-03-06 16:00; "
        "a bare date means 00:00",
    ),
    ("Blue,mail,1827-02-20,1\n", "start: '1827-02-20' is not between 1970 and 2199; correct the year"),
    ("Blue,mail,2027-02-20,-1\n", "users: -1 is less than 0; write 0 or more"),
    ("Blue,mail,2027-02-20,inf\n", "users: 'inf' is not a number; write digits and a point, such as 0.25"),
    ("Blue,mail,2027-02-20,many\n", "users: 'many' is not a number; write digits and a point, such as 0.25"),
    ("Blue,mail,2027-02-20,1e9\n", "users: '1e9' is more than 10,000,000; write 10,000,000 or less"),
]


@pytest.mark.parametrize(("row", "problem"), BROKEN)
def test_broken_rows(folder: Any, row: str, problem: str) -> None:
    folder.write("usage.csv", f"{HEAD}Blue,mail,2027-02-19,1\n{row}")
    assert folder.problems() == [f"usage.csv, row 3, {problem}"]


@pytest.mark.parametrize(
    ("minutes", "problem"),
    [
        ("0", "0 is less than 1; write 1 or more"),
        ("7.5", "7.5 is not a whole number; write digits, such as 60"),
        ("hour", "'hour' is not a whole number; write digits, such as 60"),
    ],
)
def test_broken_minutes(folder: Any, minutes: str, problem: str) -> None:
    folder.write("usage.csv", f"team,service,start,users,minutes\nBlue,mail,2027-02-19,1,{minutes}\n")
    assert folder.problems() == [f"usage.csv, row 2, minutes: {problem}"]


def test_the_same_mistake_is_reported_once_with_its_count(folder: Any) -> None:
    lines = "".join(f"Bleu,mail,2027-02-{day},-1\nGreen,mail,2027-02-{day},x\n" for day in range(10, 14))
    assert folder.write("usage.csv", f"{HEAD}\n{lines}").problems() == [
        "usage.csv, row 3, users: -1 is less than 0; write 0 or more (and in 3 more rows)",
        "usage.csv, row 3, team: 'Bleu' is not in teams.csv; did you mean 'Blue'? (and in 3 more rows)",
        "usage.csv, row 4, users: 'x' is not a number; write digits and a point, such as 0.25 (and in 3 more rows)",
        "usage.csv, row 4, team: 'Green' is not in teams.csv; add it there, or correct it here (and in 3 more rows)",
    ]


def test_very_many_mistakes_are_summed_up(folder: Any) -> None:
    lines = [f"t{number},mail,2027-02-19,-{number + 1}\n" for number in range(30)]
    lines += ["Blue,mail,2027-02-19,1\n"] * 30
    problems = folder.write("usage.csv", HEAD + "".join(lines)).problems()
    assert len(problems) == 63
    assert "usage.csv, team: 10 more ids are not in teams.csv; add them there" in problems
    assert "usage.csv, users: 10 more rows have values that cannot be used; correct them all" in problems
    text = "9 more rows record the same team, service and time again; keep one of each"
    assert f"usage.csv, start: {text}" in problems


def test_rows_from_now_on_are_kept_and_warned_about(folder: Any) -> None:
    # now is 28 February 12:00 UTC.
    folder.write(
        "usage.csv", f"{HEAD}Blue,mail,2027-02-28 13:00,1\nBlue,mail,2027-02-28 12:00,1\nBlue,mail,2027-02-28 11:00,1\n"
    )
    text = "2 rows start at or after now (2027-02-28T12:00:00Z); their users are ignored"
    assert folder.warnings() == [f"usage.csv, row 2: {text}"]
    assert len(folder.load().usage) == 3
    folder.write("usage.csv", f"{HEAD}Blue,mail,2027-02-28 12:00,1\n")
    text = "one row starts at or after now (2027-02-28T12:00:00Z); their users are ignored"
    assert folder.warnings() == [f"usage.csv, row 2: {text}"]


def test_old_usage_is_warned_about(folder: Any) -> None:
    # It ends on 14 February 11:00: two weeks and an hour before now.
    folder.write("usage.csv", f"{HEAD}Blue,mail,2027-02-14 10:00,1\n")
    text = "the last row ends 2027-02-14T11:00:00Z, 14 days before now; record newer usage for a better plan"
    assert folder.warnings() == [f"usage.csv: {text}"]
    assert folder.write("usage.csv", f"{HEAD}Blue,mail,2027-02-14 11:00,1\n").warnings() == []


def test_a_whole_year_in_three_zones_agrees_with_pandas(folder: Any) -> None:
    zones = {"Blue": "Europe/London", "Red": "America/New_York", "Green": "Australia/Lord_Howe"}
    lines, expected = [], []
    for team, zone in zones.items():
        hours = pd.date_range("2026-02-01", "2027-02-01", freq="30min", tz="UTC")
        expected += hours.tolist()
        lines += [f"{team},mail,{local:%Y-%m-%d %H:%M},1" for local in hours.tz_convert(zone)]
    table = "\n".join(["team,cost_per_user_hour,contact,time_zone", *(f"{t},1,x,{z}" for t, z in zones.items()), ""])
    folder.write("teams.csv", table).write("usage.csv", "\n".join([HEAD.strip(), *lines, ""]))
    usage = folder.load().usage
    for team in zones:
        starts = usage.loc[usage["team"] == team, "start"]
        assert starts.tolist() == pd.date_range("2026-02-01", "2027-02-01", freq="30min", tz="UTC").tolist()


def test_microseconds_are_kept(folder: Any) -> None:
    usage = folder.write("usage.csv", f"{HEAD}Blue,mail,2027-02-20T10:00:00.25Z,1\n").load().usage
    assert usage["start"].iloc[0] == datetime.fromisoformat("2027-02-20T10:00:00.250000+00:00")
