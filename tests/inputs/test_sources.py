"""One portfolio through every form it may have."""

import json
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from scheduler.batch import sample_folder
from scheduler.inputs import InputError, dump, load, portfolio_document
from scheduler.inputs.cells import parse_time
from scheduler.inputs.columns import TABLES
from scheduler.portfolio import Portfolio

GOLDEN = Path(__file__).parents[1] / "golden" / "portfolio"
NOT_CONTENT = ("warnings", "content_hash", "folder", "folder_hash", "usage", "_memo", "_carried")
RICH = {
    "policy.toml": (
        'name = "Rich"\nstart = 2027-03-01T00:00:00\nweeks = 5\nnow = 2027-02-28T12:00:00Z\n'
        'time_zone = "Europe/London"\n'
        "degraded_share = 0.123456789012345678\nmove_cost = 12.5\nmax_moves = 0\n"
        '[service_levels."very gold"]\nweight = 1.125\nnotice_days = 0\nprotected_hours = "Fri-Sat 22:00-06:00"\n'
        "[forecast]\nhalf_life_weeks = 0.1\n"
    ),
    "teams.csv": (
        "team,service_level,time_zone,cost_per_user_hour,uses,headcount,contact,notice_days\n"
        "Blue,very gold,Asia/Singapore,10.05,mail;pool,5,Bea,0\nRed,,,0,web,,Rob,\n"
    ),
    "services.csv": "service,name,used_for,site\nmail,Mail,\"Letters,\nreal ones\",hq\nweb,,,\nm1,,,\nm2,,,\n",
    "dependencies.csv": "service,depends_on,effect\nmail,pool,DEGRADED\nweb,mail,\n",
    "redundancy.csv": "group,service,min_up\npool,m1,\npool,m2,\n",
    "usage.csv": (
        "team,service,start,users,minutes\nBlue,mail,2027-02-20 10:00,5.25,30\nBlue,mail,2027-02-20 10:30,,30\n"
        "Red,web,2027-02-21T08:00Z,0,60\n"
    ),
    "events.csv": "team,start,end,factor,users\nBlue,2027-03-02,2027-03-03,1.1,\n*,2027-03-05 09:30,2027-03-06,,0.25\n",
    "changes.csv": (
        "change,services,duration_minutes,duration_p90_minutes,backout_minutes,earliest,due,after,not_with,"
        "same_window_as,skills,allowed,mandatory,drop_cost,repeats,why\n"
        "C1,mail;web,60,90,30,2027-03-02,2027-03-20 12:00,C0+2h;P,C2,,dba*2;net,days,no,1250.50,,\"because\nso\"\n"
        "C2,web,45,,,,,,,C3,,,,,,\nC3,web,45,,,,,,,,,,,,,\nP,m1,60,,,,,,,,,,,,second Tuesday + 5 days,\n"
    ),
    "engineers.csv": "engineer,skills,time_zone,works\nana,net;dba,,Mon-Fri 08:00-18:00\nben,dba,UTC,shift\n",
    "calendars.csv": (
        "calendar,kind,file,hours,time_zone,applies_to,hard,cost_per_hour\nfreeze,blackout,x.ics,,,,,\n"
        "soft,blackout,,Sun 00:00-24:00,UTC,service:mail;team:Blue,no,3.5\ndays,allowed,,06:00-06:00,,,,\n"
        "shift,working,,,,,,\n"
    ),
    "preferences.csv": (
        "team,kind,hours,start,end,cost_per_hour\nBlue,avoid,Mon 08:00-10:00,,,2\nBlue,never,,2027-03-02,2027-03-03,\n"
    ),
    "decisions.csv": "change,kind,start,announced_at\nC2,approve,2027-03-10 02:00,2027-02-01\n",
    "history.csv": (
        "change,kind,services,planned_start,planned_end,actual_start,actual_end\n"
        "C0,patch,mail;web,2027-01-05 01:00,2027-01-05 02:00,,\nC9,,,,,,\n"
    ),
    "x.ics": "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20270327\nEND:VEVENT\nEND:VCALENDAR\n",
}  # fmt: skip


def contents(portfolio: Portfolio) -> dict[str, Any]:
    """Give everything but where it came from; usage as plain rows, since frames do not compare."""
    found = {one.name: getattr(portfolio, one.name) for one in fields(portfolio) if one.name not in NOT_CONTENT}
    found["order"] = [
        list(portfolio.teams),
        list(portfolio.services),
        list(portfolio.changes),
        list(portfolio.calendars),
    ]
    found["usage"] = [tuple(str(cell) for cell in row) for row in portfolio.usage.itertuples(index=False)]
    return found


def copied(source: Path, target: Path, write: Callable[[Path, list[list[str]]], None]) -> Path:
    """Copy a portfolio with every CSV table written in another form."""
    for path in source.iterdir():
        if path.suffix == ".csv":
            table = pd.read_csv(path, dtype=str, keep_default_na=False)
            write(target / path.stem, [list(table.columns), *table.to_numpy().tolist()])
        elif path.name != "usage.parquet":
            (target / path.name).write_bytes(path.read_bytes())
    return target


def typed(file: str, column: str, cell: str) -> Any:
    """Give a cell as a spreadsheet or a data frame holds it."""
    kind = TABLES[file][column].type if column in TABLES[file] else "text"
    if not cell:
        return None
    if kind == "whole number":
        return int(cell)
    if kind in ("decimal", "share", "money"):
        return float(cell)
    if kind == "yes or no":
        return cell == "yes"
    if kind == "time":
        value = parse_time(cell)
        return cell if value.tzinfo else value
    return cell


def to_excel(path: Path, rows: list[list[str]]) -> None:
    book = openpyxl.Workbook()
    book.active.append(rows[0])
    for row in rows[1:]:
        book.active.append([typed(f"{path.name}.csv", *pair) for pair in zip(rows[0], row, strict=True)])
    book.save(path.with_suffix(".xlsx"))


def to_parquet(path: Path, rows: list[list[str]]) -> None:
    columns = {}
    for number, name in enumerate(rows[0]):
        values = [typed(f"{path.name}.csv", name, row[number]) for row in rows[1:]]
        whole = all(value is None or isinstance(value, datetime) for value in values)
        columns[name] = pa.array(values if whole else [str(v) if isinstance(v, datetime) else v for v in values])
    pyarrow.parquet.write_table(pa.table(columns), path.with_suffix(".parquet"))


@pytest.fixture
def rich(tmp_path: Path) -> Path:
    folder = tmp_path / "csv"
    folder.mkdir()
    for name, text in RICH.items():
        (folder / name).write_text(text, newline="")
    return folder


@pytest.mark.parametrize("write", [to_excel, to_parquet])
def test_every_table_in_another_form(
    rich: Path, tmp_path: Path, write: Callable[[Path, list[list[str]]], None]
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    first, second = load(rich), load(copied(rich, other, write))
    assert not list(other.glob("*.csv"))
    assert contents(second) == contents(first)
    assert second.content_hash == first.content_hash


@pytest.mark.parametrize("name", ["rich", "golden", "sample"])
def test_through_json_and_back(rich: Path, tmp_path: Path, name: str) -> None:
    folder = {"rich": rich, "golden": GOLDEN, "sample": sample_folder()}[name]
    first = load(folder)
    (tmp_path / "portfolio.json").write_text(dump(portfolio_document(first)), encoding="utf-8")
    second = load(tmp_path / "portfolio.json")
    assert contents(second) == contents(first)
    assert second.content_hash == first.content_hash
    # A folder with nothing but the document is that document, and writing it again changes nothing.
    assert portfolio_document(load(tmp_path)) == portfolio_document(first)


def test_the_golden_portfolio_in_excel_and_parquet(tmp_path: Path) -> None:
    for form, write in (("x", to_excel), ("p", to_parquet)):
        (tmp_path / form).mkdir()
        assert load(copied(GOLDEN, tmp_path / form, write)).content_hash == load(GOLDEN).content_hash


def test_one_form_of_each_table(rich: Path) -> None:
    to_excel(rich / "teams", [["team", "cost_per_user_hour"], ["Blue", "1"]])
    with pytest.raises(InputError) as caught:
        load(rich)
    assert caught.value.problems[0] == "teams.xlsx: is here beside teams.csv; keep one of the two"


def test_problems_name_the_file_that_is_there(rich: Path) -> None:
    (rich / "dependencies.csv").unlink()
    to_excel(rich / "dependencies", [["service", "depends_on"], ["mail", "nope"]])
    (rich / "usage.csv").unlink()
    to_excel(
        rich / "usage",
        [
            ["team", "service", "start", "users"],
            ["Blue", "mail", "2027-02-20", "5"],
            ["Bleu", "mail", "2027-02-20", "5"],
        ],
    )
    with pytest.raises(InputError) as caught:
        load(rich)
    assert caught.value.problems == [
        "dependencies.xlsx, row 2, depends_on: 'nope' is not in services.csv or redundancy.csv; "
        "add it there, or correct it here",
        "usage.xlsx, row 3, team: 'Bleu' is not in teams.csv; did you mean 'Blue'?",
    ]


# --- portfolio.json ----------------------------------------------------------------------------------------------


def refused(path: Path, content: Any) -> list[str]:
    file = path / "portfolio.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(InputError) as caught:
        load(file)
    return caught.value.problems


def test_documents_that_cannot_be_read(tmp_path: Path) -> None:
    assert refused(tmp_path, "{")[0].startswith("portfolio.json: is not JSON that can be read (Expecting property name")
    assert refused(tmp_path, "[" * 100_000)[0].startswith("portfolio.json: is not JSON that can be read")
    assert refused(tmp_path, []) == ["portfolio.json: is not an object with a policy and tables; write it anew"]
    assert refused(tmp_path, {"teams": {}, "policy": [], "usage": {"team": ["a"], "users": []}, "chnges": []}) == [
        "portfolio.json, policy: is not an object; write one with the keys of policy.toml",
        "portfolio.json, teams: is not a list of objects; write one object for each row",
        "portfolio.json, usage: is not an object of lists of one length; write one list for each column",
        "portfolio.json, services: this required table is missing; add it",
        "portfolio.json, changes: this required table is missing; add it",
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [("usage", True), ("usage", {"team": True}), ("announced", True), ("announced", [1]), ("teams", [1]), ("policy", 7),
     ("calendars", [{"calendar": "c", "kind": "blackout", "periods": 7}]), ("changes", [{"change": {}}])],
)  # fmt: skip
def test_values_of_the_wrong_shape_are_refused(rich: Path, tmp_path: Path, key: str, value: Any) -> None:
    document = portfolio_document(load(rich)) | {key: value}
    assert any(problem.startswith(f"portfolio.json, {key}") for problem in refused(tmp_path, document))


def test_problems_in_a_document_have_a_place(rich: Path, tmp_path: Path) -> None:
    document = portfolio_document(load(rich))
    document["changes"][1]["duration_minutes"] = -3
    document["changes"][2]["skills"] = {"dba": 2}
    document["policy"]["degraded_share"] = 2
    document["calendars"][0]["periods"] = ["soon"]
    document["announced"] = [{"change": "C1"}]
    assert refused(tmp_path, document) == [
        "portfolio.json, policy, degraded_share: 2 is more than 1; write 1 or less",
        "portfolio.json, changes, row 2, duration_minutes: -3 is less than 1; write 1 or more",
        "portfolio.json, changes, row 3, skills: \"{'dba': 2}\" is not a single value; write one",
        "portfolio.json, calendars, freeze.periods: is not a list of pairs of instants (too many values to unpack "
        "(expected 2)); write [[start, end], …]",
        "portfolio.json, announced: has an entry that cannot be read ('start'); give change, start, announced_at",
    ]
