from typing import Any

import pytest

HEAD = (
    "change,services,duration_minutes,duration_p90_minutes,backout_minutes,earliest,due,fixed_start,mandatory,"
    "drop_cost\n"
)
CHANGES = [
    (
        "C1,mail,45,30,,,,,,",
        "duration_p90_minutes: 30 is less than duration_minutes (45); swap them or leave it empty",
    ),
    ("C1,mail,45,,,,,,no,", "drop_cost: is empty where mandatory = no; say what leaving it out costs"),
    (
        "C1,mail,45,,,2027-03-03,2027-03-02,,,",
        "due: 2027-03-02T00:00:00Z is not after earliest (2027-03-03T00:00:00Z); correct one of them",
    ),
    (
        "C1,mail,45,,,,,2027-03-02 01:10,,",
        "fixed_start: 2027-03-02T01:10:00Z is not on the grid of 30 minutes from 2027-03-01T00:00:00Z; "
        "write 2027-03-02T01:00:00Z or 2027-03-02T01:30:00Z",
    ),
    (
        "C1,mail,45,,,,,2027-02-28 23:30,,",
        "fixed_start: 2027-02-28T23:30:00Z, reserved until 2027-03-01T00:30:00Z, is outside the horizon "
        "(2027-03-01T00:00:00Z to 2027-03-29T00:00:00Z); "
        "choose another start, or change start or weeks in policy.toml",
    ),
    # P90 of 90 and a backout of 60 need five slots: from 22:00 until 00:30 of the day after the horizon.
    (
        "C1,mail,45,90,60,,,2027-03-28 22:00,,",
        "fixed_start: 2027-03-28T22:00:00Z, reserved until 2027-03-29T00:30:00Z, is outside the horizon "
        "(2027-03-01T00:00:00Z to 2027-03-29T00:00:00Z); "
        "choose another start, or change start or weeks in policy.toml",
    ),
]


@pytest.mark.parametrize(("row", "problem"), CHANGES)
def test_changes_whose_cells_contradict_each_other(folder: Any, row: str, problem: str) -> None:
    assert folder.write("changes.csv", f"{HEAD}{row}\n").problems() == [f"changes.csv, row 2, {problem}"]


@pytest.mark.parametrize(
    "row",
    [
        "C1,mail,45,45,,,,,,",
        "C1,mail,45,,,,,,no,0",
        "C1,mail,45,90,60,,,2027-03-28 21:30,,",
        "C1,mail,45,,,,,2027-03-01,,",
    ],
)
def test_edges_that_are_sound(folder: Any, row: str) -> None:
    assert folder.write("changes.csv", f"{HEAD}{row}\n").warnings() == []


@pytest.mark.parametrize(
    ("rows", "problems"),
    [
        ("pool,m1,2\npool,m2,\npool,m3,2\n", []),
        ("pool,m1,3\npool,m2,\npool,m3,\n", []),
        ("pool,m1,2\npool,m2,1\npool,m3,2\n",
         ["row 3, min_up: 1 is not what row 2 says (2); give the group one min_up"]),
        ("pool,m1,4\npool,m2,\npool,m3,\n",
         ["row 2, min_up: 4 is not between 1 and the 3 members of 'pool'; correct it"]),
        ("pool,m1,0\npool,m2,\n", ["row 2, min_up: 0 is not between 1 and the 2 members of 'pool'; correct it"]),
        ("pool,m1,\n", ["row 2, min_up: 'pool' has one member, so the default is 0; add a member or write 1"]),
        ("pool,m1,1\n", []),
    ],
)  # fmt: skip
def test_min_up(folder: Any, rows: str, problems: list[str]) -> None:
    folder.write("services.csv", "service\nmail\nm1\nm2\nm3\n").write("redundancy.csv", f"group,service,min_up\n{rows}")
    if problems:
        assert folder.problems() == [f"redundancy.csv, {problem}" for problem in problems]
    else:
        assert all(text.startswith("services.csv") for text in folder.warnings())


def test_calendars(folder: Any) -> None:
    (folder.path / "calendars").mkdir()
    folder.write("calendars/b.ics", "BEGIN:VCALENDAR\nEND:VCALENDAR\n")
    folder.write(
        "calendars.csv",
        "calendar,kind,file,hours,hard,cost_per_hour\na,blackout,,Mon 01:00-02:00,no,\n"
        "b,blackout,calendars/b.ics,Mon 01:00-02:00,,\n",
    )
    assert folder.problems() == [
        "calendars.csv, row 2, cost_per_hour: is empty where hard = no; say what an hour in it costs",
        "calendars.csv, row 3, hours: is given beside file; keep one of the two",
    ]


def test_prices_that_nobody_pays(folder: Any) -> None:
    folder.write(
        "calendars.csv",
        "calendar,kind,hours,hard,cost_per_hour,applies_to\na,working,Mon 01:00-02:00,no,5,\n"
        "b,blackout,Mon 01:00-02:00,no,5,service:mail;engineer:Ana\nc,blackout,Mon 01:00-02:00,yes,5,\n",
    )
    folder.write("engineers.csv", "engineer,skills\nAna,dba\n")
    folder.write("preferences.csv", "team,kind,hours,cost_per_hour\nBlue,never,Mon 01:00-02:00,7\n")
    assert folder.problems() == ["calendars.csv, row 2, hard: is no, but hours of engineers have no price; write yes"]
    folder.write(
        "calendars.csv",
        "calendar,kind,hours,hard,cost_per_hour,applies_to\nb,blackout,Mon 01:00-02:00,no,5,service:mail;engineer:Ana\n"
        "c,blackout,Mon 01:00-02:00,yes,5,\n",
    )
    assert [text for text in folder.warnings() if text.startswith(("calendars", "preferences"))] == [
        "calendars.csv, row 2, applies_to: names engineers where hard = no, but their hours have no price; "
        "these targets are ignored",
        "calendars.csv, row 3, cost_per_hour: is not looked at where hard = yes",
        "preferences.csv, row 2, cost_per_hour: is not looked at where kind = never, which is obeyed at any price; "
        "write avoid if it has one",
    ]


def test_history_events_and_preferences(folder: Any) -> None:
    folder.write("history.csv", "change,actual_start,actual_end\nC0,2027-02-02,2027-02-01\n")
    folder.write(
        "events.csv",
        "team,start,end,factor,users\nBlue,2027-03-02,2027-03-02,2,\nBlue,2027-03-02,2027-03-03,,\n*,2027-03-02,2027-03-03,1,1\n",
    )
    folder.write(
        "preferences.csv",
        "team,kind,hours,start,end,cost_per_hour\nBlue,avoid,Mon 01:00-02:00,,,\n"
        "Blue,never,,2027-03-02,,\nBlue,never,,,,\n",
    )
    either = "give either hours, or start and end"
    assert folder.problems() == [
        "events.csv, row 2, end: 2027-03-02T00:00:00Z is not after start (2027-03-02T00:00:00Z); correct one of them",
        "events.csv, row 3, factor: give factor or users, and only one of them",
        "events.csv, row 4, factor: give factor or users, and only one of them",
        "preferences.csv, row 2, cost_per_hour: is empty where kind = avoid; say what an hour costs",
        f"preferences.csv, row 3, hours: {either}",
        f"preferences.csv, row 4, hours: {either}",
        "history.csv, row 2, actual_end: 2027-02-01T00:00:00Z is not after actual_start (2027-02-02T00:00:00Z); "
        "correct one of them",
    ]


TOGETHER = [
    ("C1,,,C2,\nC2,C1,,,\nC3,,,,", "row 3, after: 'C2' comes after 'C1' and starts together with it (same_window_as)"),
    (
        "C1,,,,\nC2,,,C1,\nC3,C1+2h,,C2,",
        "row 4, after: 'C3' comes after 'C1' and starts together with it (same_window_as)",
    ),
    (
        "C1,,C3,,\nC2,,,C1;C3,\nC3,,,,",
        "row 2, not_with: 'C1' may not run with 'C3' and starts together with it (same_window_as)",
    ),
]


@pytest.mark.parametrize(("rows", "problem"), TOGETHER)
def test_changes_that_cannot_start_together(folder: Any, rows: str, problem: str) -> None:
    lines = [line.replace(",", ",mail,60,", 1) for line in rows.splitlines()]
    head = "change,services,duration_minutes,after,not_with,same_window_as,fixed_start"
    folder.write("changes.csv", "\n".join([head, *lines, ""]))
    assert folder.problems() == [f"changes.csv, {problem}; delete one of the two"]


def test_changes_that_start_together_have_one_fixed_start(folder: Any) -> None:
    head = "change,services,duration_minutes,same_window_as,fixed_start"
    rows = "C1,mail,60,,2027-03-02\nC2,mail,60,C1,\nC3,mail,60,C2,2027-03-03\n"
    assert folder.write("changes.csv", f"{head}\n{rows}").problems() == [
        "changes.csv, row 4, fixed_start: 2027-03-03T00:00:00Z is not the fixed_start of 'C1' (2027-03-02T00:00:00Z), "
        "which starts together with it (same_window_as); correct one of them"
    ]


def test_a_circle_through_changes_that_start_together(folder: Any) -> None:
    # C1 and C2 start together; C3 comes after C2, and C1 after C3.
    head = "change,services,duration_minutes,after,same_window_as"
    rows = "C1,mail,60,C3,C2\nC2,mail,60,,\nC3,mail,60,C2,\n"
    assert folder.write("changes.csv", f"{head}\n{rows}").problems() == [
        "changes.csv, row 2, after: 'C1 with C2' → 'C3' → 'C1 with C2' wait for each other in a circle; "
        "delete one of these links"
    ]


def test_a_chain_beside_changes_that_start_together_is_sound(folder: Any) -> None:
    head = "change,services,duration_minutes,after,same_window_as"
    rows = "C1,mail,60,C3,C2\nC2,mail,60,,\nC3,mail,60,,\n"
    assert folder.write("changes.csv", f"{head}\n{rows}").warnings() == []


# --- skills ------------------------------------------------------------------------------------------------------


def with_skills(folder: Any, needed: list[str], engineers: dict[str, str]) -> Any:
    rows = [f"C{number},mail,60,{skills}" for number, skills in enumerate(needed)]
    folder.write("changes.csv", "\n".join(["change,services,duration_minutes,skills", *rows, ""]))
    people = [f"{name},{skills}" for name, skills in engineers.items()]
    return folder.write("engineers.csv", "\n".join(["engineer,skills", *people, ""]))


def test_a_skill_that_nobody_holds(folder: Any) -> None:
    with_skills(folder, ["dba", "netwrok;dba", "x"], {"ana": "dba;network"})
    assert folder.problems() == [
        "changes.csv, row 3, skills: 'netwrok' is held by nobody in engineers.csv; did you mean 'network'?",
        "changes.csv, row 4, skills: 'x' is held by nobody in engineers.csv; "
        "give it to somebody in engineers.csv, or correct it here",
    ]
    with_skills(folder, ["dba", "dba*2"], {})
    assert folder.problems() == [
        "changes.csv, row 2, skills: 'dba' is held by nobody in engineers.csv; "
        "give it to somebody in engineers.csv, or correct it here (and in 1 more row)"
    ]


def chain(count: int) -> dict[str, str]:
    """Give engineers who tie skill 0 to 1, 1 to 2 and so on; each skill but the last has holders of its own."""
    return {f"e{number}": f"s{number:02};s{number + 1:02}" for number in range(count - 1)}


def test_ten_skills_may_be_tied_together(folder: Any) -> None:
    with_skills(folder, [";".join(f"s{number:02}" for number in range(10))], chain(10))
    assert folder.warnings() == []


def test_eleven_skills_may_not_be_tied_together(folder: Any) -> None:
    with_skills(folder, [";".join(f"s{number:02}" for number in range(11))], chain(11))
    assert folder.problems() == [
        "engineers.csv, row 1, skills: 11 different skills ('s00', 's01', 's02', 's03', 's04' and 6 more) are tied "
        "together by engineers who hold several; at most 10 can be planned exactly; "
        "merge skills or give fewer to one engineer"
    ]


def test_skills_that_nobody_needs_or_that_the_same_people_hold_do_not_count(folder: Any) -> None:
    # Of a chain of twelve only ten are needed; s00 and its twin have the same holder.
    with_skills(
        folder, ["twin;" + ";".join(f"s{number:02}" for number in range(10))], chain(12) | {"e0": "s00;s01;twin"}
    )
    assert folder.warnings() == []
