from datetime import UTC, datetime
from typing import Any

import pytest

from scheduler.inputs import load
from scheduler.portfolio import Portfolio, Predecessor
from scheduler.schedule import Placement, Schedule

# The horizon is that of the smallest portfolio: four weeks from Monday, 1 March 2027, planned on 28 February.
# Its Tuesdays are the 2nd, 9th, 16th and 23rd.
HEAD = "change,services,duration_minutes,earliest,due,fixed_start,after,not_with,same_window_as,repeats"


def repeating(folder: Any, *rows: str, head: str = HEAD) -> Any:
    """Write changes: each row is the id and the cells from `earliest` on."""
    lines = [row.replace(",", ",mail,60,", 1) for row in rows]
    return folder.write("changes.csv", "\n".join([head, *lines, ""]))


def spans(portfolio: Portfolio) -> dict[str, tuple[str, str]]:
    return {
        one.id: tuple(f"{time:%m-%d %H:%M}" if time else "" for time in (one.earliest, one.due))
        for one in portfolio.changes.values()
    }  # type: ignore[misc]


@pytest.mark.parametrize("rule", ["FREQ=WEEKLY;BYDAY=TU", "RRULE:FREQ=WEEKLY;BYDAY=TU;WKST=SU"])
def test_one_change_for_each_date_until_the_next(folder: Any, rule: str) -> None:
    portfolio = repeating(folder, f"P,,,,,,,{rule}").load()
    assert spans(portfolio) == {
        "P@2027-03-02": ("03-02 00:00", "03-09 00:00"),
        "P@2027-03-09": ("03-09 00:00", "03-16 00:00"),
        "P@2027-03-16": ("03-16 00:00", "03-23 00:00"),
        "P@2027-03-23": ("03-23 00:00", ""),
    }
    assert portfolio.warnings == ()
    assert portfolio.changes["P@2027-03-09"].title == "P@2027-03-09"


@pytest.mark.parametrize(
    "rule",
    ["FREQ=MONTHLY;BYDAY=2TU + 5 days", "FREQ=MONTHLY;BYDAY=2TU+5day", "second Tuesday + 5 days",
     "every second tue of the month + 5 days", "FREQ=MONTHLY;BYDAY=3TU - 2 days"],
)  # fmt: skip
def test_days_after_a_weekday_of_the_month(folder: Any, rule: str) -> None:
    # The second Tuesday of March 2027 is the 9th, and the 14th is five days later.
    assert list(repeating(folder, f"P,,,,,,,{rule}").load().changes) == ["P@2027-03-14"]


def test_a_distance_may_reach_back_before_the_horizon(folder: Any) -> None:
    # The last Friday of February is the 26th; a week later is 5 March.
    assert list(repeating(folder, "P,,,,,,,last Friday + 1 week").load().changes) == ["P@2027-03-05"]


def test_due_leaves_each_occurrence_what_it_leaves_the_first(folder: Any) -> None:
    # The first Tuesday on or after 22 February, at 22:00, is the 23rd; it is due two days and two hours later.
    portfolio = repeating(folder, "P,2027-02-22 22:00,2027-02-26,,,,,FREQ=WEEKLY;INTERVAL=2;BYDAY=TU").load()
    assert spans(portfolio) == {
        "P@2027-03-09": ("03-09 22:00", "03-12 00:00"),
        "P@2027-03-23": ("03-23 22:00", "03-26 00:00"),
    }


def test_distances_are_kept_on_the_wall_clock(folder: Any) -> None:
    # London's clocks go forward on 28 March 2027: 22:00 is 22:00 UTC before and 21:00 UTC after.
    folder.policy("", time_zone='"Europe/London"', weeks="5")
    portfolio = repeating(folder, "P,2027-03-22 22:00,2027-03-23 06:00,,,,,FREQ=WEEKLY").load()
    assert spans(portfolio) == {
        "P@2027-03-22": ("03-22 22:00", "03-23 06:00"),
        "P@2027-03-29": ("03-29 21:00", "03-30 05:00"),
    }


def test_the_date_in_the_id_is_the_local_one(folder: Any) -> None:
    # Midnight of 2 March in Singapore is 16:00 UTC of 1 March.
    folder.policy("", time_zone='"Asia/Singapore"')
    portfolio = repeating(folder, "P,,,,,,,FREQ=MONTHLY;BYMONTHDAY=2;BYHOUR=0").load()
    assert spans(portfolio) == {"P@2027-03-02": ("03-01 16:00", "")}


def test_a_fixed_start_is_fixed_each_time(folder: Any) -> None:
    portfolio = repeating(folder, "P,,,2027-03-02 02:00,,,,FREQ=WEEKLY").load()
    starts = [one.fixed_start for one in portfolio.changes.values()]
    assert starts == [datetime(2027, 3, day, 2, tzinfo=UTC) for day in (2, 9, 16, 23)]


def test_work_that_is_done_or_over_or_without_room_is_left_out(folder: Any) -> None:
    folder.policy("", now="2027-03-16T00:00:00Z").write("history.csv", "change\nP@2027-03-16\n")
    # The rest of the last day is shorter than what is reserved: one hour from 23:30 on 28 March.
    repeating(folder, "P,,,,,,,FREQ=WEEKLY;BYDAY=TU", "Q,2027-03-28 23:30,,,,,,FREQ=DAILY")
    portfolio = folder.load()
    assert list(portfolio.changes) == ["P@2027-03-23"]
    assert portfolio.done == {"P@2027-03-16"}
    assert portfolio.warnings == (
        "changes.csv, row 2, repeats: 'P@2027-03-02' was over before now, so it is left out",
        "changes.csv, row 2, repeats: 'P@2027-03-09' was over before now, so it is left out",
        "changes.csv, row 3, repeats: 'Q@2027-03-28' has no room before the horizon ends; it is left out",
    )


def test_a_rule_that_never_comes_plans_nothing(folder: Any) -> None:
    repeating(folder, "C1,,,,P,,,", "P,,,,,,,FREQ=YEARLY;BYMONTH=7;BYMONTHDAY=1")
    portfolio = folder.load()
    assert {one.id: one.after for one in portfolio.changes.values()} == {"C1": ()}
    assert portfolio.warnings == (
        "changes.csv, row 3, repeats: never comes inside the horizon, so nothing is planned",
    )  # fmt: skip


# --- what others say of a repeated change ------------------------------------------------------------------------


def after(portfolio: Portfolio) -> dict[str, list[tuple[str, int]]]:
    return {name: [(one.change, one.lag_minutes) for one in change.after] for name, change in portfolio.changes.items()}


def test_after_is_the_occurrence_before(folder: Any) -> None:
    # P comes on the 9th and 23rd; Q on Wednesdays: the 3rd waits for nothing, the others for the P before them.
    repeating(
        folder,
        "P,2027-03-09,,,,,,FREQ=WEEKLY;INTERVAL=2",
        "Q,,,,P+2h,,,FREQ=WEEKLY;BYDAY=WE",
        "early,,,,P,,,",
        "late,2027-03-20,,,P+1d,,,",
        "named,,,,P@2027-03-23,,,",
    )
    found = after(folder.load())
    assert {name: found[name] for name in found if not name.startswith("P")} == {
        "Q@2027-03-03": [],
        "Q@2027-03-10": [("P@2027-03-09", 120)],
        "Q@2027-03-17": [("P@2027-03-09", 120)],
        "Q@2027-03-24": [("P@2027-03-23", 120)],
        "early": [("P@2027-03-09", 0)],
        "late": [("P@2027-03-09", 1440)],
        "named": [("P@2027-03-23", 0)],
    }


def test_after_an_occurrence_that_is_over_is_no_wait(folder: Any) -> None:
    folder.policy("", now="2027-03-17T00:00:00Z").write("history.csv", "change\nP@2027-03-16\n")
    repeating(
        folder, "P,,,,,,,FREQ=WEEKLY;BYDAY=TU", "a,2027-03-12,,,P,,,", "b,2027-03-17,,,P,,,", "c,,,,P@2027-03-16,,,"
    )
    found = after(folder.load())
    assert {name: found[name] for name in "abc"} == {"a": [], "b": [], "c": [("P@2027-03-16", 0)]}


def test_not_with_is_every_occurrence_and_same_window_the_same_date(folder: Any) -> None:
    repeating(
        folder,
        "P,,,,,,,FREQ=WEEKLY;INTERVAL=2;BYDAY=TU",
        "Q,,,,,,P,FREQ=WEEKLY;INTERVAL=2;BYDAY=TU",
        "one,,,,,P;Q@2027-03-02,,",
    )
    changes = folder.load().changes
    assert changes["one"].not_with == ("P@2027-03-02", "P@2027-03-16", "Q@2027-03-02")
    assert changes["Q@2027-03-16"].same_window_as == ("P@2027-03-16",)
    assert changes["P@2027-03-02"].same_window_as == ("Q@2027-03-02",)


def test_decisions_and_schedules_name_occurrences(folder: Any) -> None:
    folder.policy("", now="2027-03-10T00:00:00Z")
    repeating(folder, "P,,,,,,,FREQ=WEEKLY;BYDAY=TU")
    # The first of them is over, so what was decided about it binds nothing any more.
    folder.write(
        "decisions.csv", "change,kind,start\nP@2027-03-02,approve,2027-03-02 02:00\nP@2027-03-16,pin,2027-03-17 02:00\n"
    )
    told = datetime(2027, 3, 1, tzinfo=UTC)
    start = datetime(2027, 3, 17, 2, tzinfo=UTC)
    announced = Placement(
        change="P@2027-03-16", start=start, end=start, reserved_until=start, announced_at=told
    )  # fmt: skip
    portfolio = load(folder.path, previous=Schedule((announced,)))
    assert [(one.change, one.start) for one in portfolio.decisions] == [("P@2027-03-16", start)]
    assert portfolio.announced == {"P@2027-03-16": (start, told)}


def test_a_decision_about_the_repeated_id_is_refused(folder: Any) -> None:
    repeating(folder, "P,,,,,,,FREQ=WEEKLY;BYDAY=TU")
    folder.write("decisions.csv", "change,kind,start\nP,pin,2027-03-02 02:00\n")
    assert folder.problems() == [
        "decisions.csv, row 2, change: 'P' repeats; name one occurrence, such as 'P@2027-03-02'"
    ]  # fmt: skip


WRONG = [
    ("P,,,,P,,,FREQ=WEEKLY", "row 2, after: 'P' is this change itself; delete it here"),
    ("P,,,,,,,FREQ=WEEKLY\nC1,,,,,,P,",
     "row 3, same_window_as: 'P' repeats and this change does not; name one occurrence, such as 'P@2027-03-01'"),
    ("P,,,,,,,FREQ=MONTHLY;BYDAY=2TU\nQ,,,,,,P,FREQ=MONTHLY;BYDAY=3TU",
     "row 3, same_window_as: 'P' does not come on 2027-03-16, as 'Q@2027-03-16' does; give both the same rule"),
    ("P,,,,,,,FREQ=WEEKLY\nP,,,,,,,",
     "row 2, repeats: 'FREQ=WEEKLY' cannot be used: 'P' is in another row too; give one of them another id"),
    ("P,2027-03-05,2027-03-06,,,,,FREQ=WEEKLY;BYDAY=TU",
     "row 2, due: 2027-03-06T00:00:00Z is before the first occurrence (2027-03-09T00:00:00Z); "
     "correct it, or leave it empty"),
    ("P,,,,,,,FREQ=SECONDLY",
     "row 2, repeats: 'FREQ=SECONDLY' cannot be used: FREQ=SECONDLY comes back too often to be expanded; "
     "use HOURLY or rarer"),
    ("P,,,,,,,FREQ=HOURLY",
     "row 2, repeats: 'FREQ=HOURLY' cannot be used: it comes more often than daily, and occurrences are named by their "
     "date; use DAILY or rarer"),
    ("P,,,,,,,FREQ=DAILY;INTERVAL=0",
     "row 2, repeats: 'FREQ=DAILY;INTERVAL=0' cannot be used: INTERVAL=0 is not a whole number from 1 up; correct it"),
    ('P,,,,,,,"FREQ=DAILY;BYHOUR=1,13"',
     "row 2, repeats: 'FREQ=DAILY;BYHOUR=1,13' cannot be used: it comes twice on 2027-03-01, and occurrences are named "
     "by their date; use one row for each time of day"),
    ("P,,,,,,,second Tuesdy",
     "row 2, repeats: 'second Tuesdy' cannot be used: 'Tuesdy' is not a weekday; write one such as Tuesday"),
    ("P,,,,,,,monthly",
     "row 2, repeats: 'monthly' cannot be used: 'MONTHLY' is not of the form PART=VALUE; write a rule such as "
     "FREQ=MONTHLY;BYDAY=2TU"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "problem"), WRONG)
def test_what_is_refused(folder: Any, rows: str, problem: str) -> None:
    assert f"changes.csv, {problem}" in repeating(folder, *rows.split("\n")).problems()


def test_work_that_is_longer_than_the_time_between(folder: Any) -> None:
    folder.write(
        "changes.csv", "change,services,duration_minutes,backout_minutes,repeats\nP,mail,1000,441,FREQ=DAILY\n"
    )
    assert folder.problems() == [
        "changes.csv, row 2, repeats: 'FREQ=DAILY' cannot be used: it comes back on 2027-03-02, before the 1441 "
        "minutes reserved for 'P@2027-03-01' are over; make it rarer"
    ]
    # A whole day is reserved, which is just what there is.
    folder.write(
        "changes.csv", "change,services,duration_minutes,backout_minutes,repeats\nP,mail,1000,440,FREQ=DAILY\n"
    )
    assert len(folder.load().changes) == 28


def test_many_rules_together_are_bounded(folder: Any) -> None:
    folder.policy("", weeks="104")
    repeating(folder, *(f"P{number},,,,,,,FREQ=DAILY" for number in range(30)))
    problems = folder.problems()
    # 728 days each: 27 rules make 19,656 changes.
    assert problems[0] == (
        "changes.csv, row 29, repeats: 'FREQ=DAILY' cannot be used: there are more than 20,000 changes with it; "
        "make it rarer"
    )


def test_a_predecessor_keeps_its_pause(folder: Any) -> None:
    repeating(folder, "P,,,,,,,FREQ=MONTHLY;BYDAY=1MO", "C1,,,,P + 90m,,,")
    assert folder.load().changes["C1"].after == (Predecessor(change="P@2027-03-01", lag_minutes=90),)
