from typing import Any

import pytest

TEAMS = b"team,cost_per_user_hour,uses,headcount,contact\n"
BLUE = b"Blue,10,mail,5,Bea\n"


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + TEAMS + BLUE,
        (TEAMS + BLUE).replace(b"\n", b"\r\n"),
        TEAMS + b"\n" + BLUE + b"\n,,,,\n",
        b" team , cost_per_user_hour ,uses,headcount,contact\n Blue , 10 , mail , 5 , Bea \n",
        b'"team","cost_per_user_hour","uses","headcount","contact"\n"Blue","10","mail","5","Bea"',
    ],
    ids=["byte order mark", "CRLF", "empty lines", "spaces", "quotation marks"],
)
def test_forms_of_csv_that_mean_the_same(folder: Any, content: bytes) -> None:
    plain = folder.load()
    other = folder.write("teams.csv", content).load()
    assert other.teams == plain.teams
    assert other.content_hash == plain.content_hash


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "teams.csv: is empty; write at least the header team,cost_per_user_hour"),
        (TEAMS + b"Bl\xfce,10,mail,5,Bea\n", "teams.csv, row 2: byte 0xfc is not UTF-8 text; save the file as UTF-8"),
        (
            "team,cost_per_user_hour\n".encode("utf-16"),
            "teams.csv, row 1: byte 0xff is not UTF-8 text; save the file as UTF-8",
        ),
        (
            TEAMS + BLUE + b"Green,10\x00,mail,5,Gus\n",
            "teams.csv, row 3: has a NUL byte, so this is not a text file; save it as UTF-8 text",
        ),
        (
            TEAMS + b"Blue,10,mail,Bea\n",
            "teams.csv, row 2: has 4 cells where the header has 5; check its commas and quotation marks",
        ),
        (
            TEAMS + BLUE + b'Green,10,mail,5,"Gus\n',
            "teams.csv, row 3: cannot be read as CSV (unexpected end of data); check its quotation marks",
        ),
        (
            b"team;cost_per_user_hour\nBlue;10\n",
            "teams.csv, row 1: 'team;cost_per_user_hour' is one single column; separate columns by commas",
        ),
        (
            b"team,cost_per_user_hour,team\nBlue,10,Blue\n",
            "teams.csv, row 1, team: this column comes twice; delete one",
        ),
        (
            b"team,cost_per_user\nBlue,10\n",
            "teams.csv, row 1, cost_per_user_hour: this required column is missing; did you mean 'cost_per_user'?",
        ),
        (
            b"cost_per_user_hour\n10\n",
            "teams.csv, row 1, team: this required column is missing; add it",
        ),
        (TEAMS + b"Blue,,mail,5,Bea\n",
         "teams.csv, row 2, cost_per_user_hour: this required cell is empty; fill it in"),
        (TEAMS + b",10,mail,5,Bea\n", "teams.csv, row 2, team: this required cell is empty; fill it in"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_read(folder: Any, content: bytes, problem: str) -> None:
    # What is wrong with the file is the only thing reported: nothing follows from it elsewhere.
    assert folder.write("teams.csv", content).problems() == [problem]


def test_rows_are_counted_as_an_editor_does(folder: Any) -> None:
    text = 'change,services,duration_minutes,why\nC1,mail,60,"three\nlong\nlines"\n\nC2,mail,x,\n'
    problem = "changes.csv, row 6, duration_minutes: 'x' is not a whole number; write digits, such as 60"
    assert folder.write("changes.csv", text).problems() == [problem]


def test_a_row_that_cannot_be_read_is_still_known_by_its_id(folder: Any) -> None:
    folder.write("services.csv", "service,name\nmail\n")
    problem = "services.csv, row 2: has 1 cells where the header has 2; check its commas and quotation marks"
    assert folder.problems() == [problem]


def test_missing_files(folder: Any) -> None:
    for name in ("teams.csv", "changes.csv", "policy.toml"):
        (folder.path / name).unlink()
    folder.write("team.csv", TEAMS + BLUE)
    assert folder.problems() == [
        "policy.toml: required file is missing; add it",
        "teams.csv: required file is missing; did you mean 'team.csv'?",
        "changes.csv: required file is missing; add it",
    ]


def test_unknown_files_and_columns_are_warned_about(folder: Any) -> None:
    folder.write("chnges.csv", "x\n").write("changes.xls", b"x").write("notes.txt", "x").write(".hidden.csv", "x")
    folder.write("changes.csv", "change,services,duration_minutes,duration_p90,,x|y\nC1,mail,60,90,,\n")
    assert folder.warnings() == [
        "changes.csv, row 1: 'duration_p90' is an unknown column, ignored; did you mean 'duration_p90_minutes'?",
        "changes.csv, row 1: a column without a name is ignored",
        "changes.csv, row 1: 'x|y' is an unknown column, ignored",
        "changes.xls: files of type .xls are not read, this one is ignored; save it as .xlsx",
        "chnges.csv: unknown file, ignored; did you mean 'changes.csv'?",
    ]


def test_a_huge_cell_is_refused(folder: Any) -> None:
    folder.write("changes.csv", f"change,services,duration_minutes,why\nC1,mail,60,{'x' * 200_000}\n")
    problem = "changes.csv, row 2: cannot be read as CSV (field larger than field limit (131072))"
    assert folder.problems() == [f"{problem}; check its quotation marks"]


def test_a_huge_file_is_refused(folder: Any) -> None:
    with (folder.path / "services.csv").open("wb") as file:
        file.truncate(101_000_000)
    problem = "services.csv: is 101 MB, more than the 100 MB that can be read; was the right file saved here?"
    assert folder.problems() == [problem]


def test_a_skipped_time_moves_forward_with_a_warning(cell: Any) -> None:
    # On 28 March 2027 London's clocks go from 01:00 to 02:00, so 01:30 is taken as 02:30 BST = 01:30 UTC.
    folder = cell("changes.csv", "earliest", "2027-03-28 01:30").policy("", time_zone='"Europe/London"')
    portfolio = folder.load()
    assert portfolio.changes["C1"].earliest.isoformat() == "2027-03-28T01:30:00+00:00"
    assert portfolio.warnings == (
        "changes.csv, row 2, earliest: '2027-03-28 01:30' is skipped in Europe/London, where the clocks go forward; "
        "2027-03-28 02:30 is taken",
    )


def test_a_repeated_time_is_the_first_pass(cell: Any) -> None:
    # On 31 October 2027 London shows 01:30 twice: 00:30 UTC (BST) and 01:30 UTC (GMT).
    folder = cell("changes.csv", "earliest", "2027-10-31 01:30")
    folder.policy("", start="2027-10-04T00:00:00+01:00", time_zone='"Europe/London"')
    portfolio = folder.load()
    assert portfolio.changes["C1"].earliest.isoformat() == "2027-10-31T00:30:00+00:00"
    assert portfolio.warnings == ()


def test_times_of_teams_are_on_their_own_clock(folder: Any) -> None:
    folder.write(
        "teams.csv", "team,cost_per_user_hour,uses,headcount,contact,time_zone\nBlue,10,mail,5,Bea,Europe/London\n"
    )
    folder.write(
        "events.csv", "team,start,end,factor\nBlue,2027-03-28 01:30,2027-03-29,2\n*,2027-03-28 01:30,2027-03-29,2\n"
    )
    skipped = "'2027-03-28 01:30' is skipped in Europe/London, where the clocks go forward; 2027-03-28 02:30 is taken"
    # The second row is for all teams, so its clock is the policy's, which is UTC.
    assert folder.warnings() == [f"events.csv, row 2, start: {skipped}"]
    assert [one.start.isoformat() for one in folder.load().events] == [
        "2027-03-28T01:30:00+00:00",
        "2027-03-28T01:30:00+00:00",
    ]
