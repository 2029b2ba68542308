from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

HEAD = "team,service,start,users\n"
ROWS = "Blue,mail,2027-02-20 10:00,1.5\nBlue,mail,2027-02-20 11:00,\n"


def parquet(path: Path, **columns: pa.Array) -> None:
    pyarrow.parquet.write_table(pa.table(columns), path / "usage.parquet")


def same(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    return one.drop(columns="users").equals(other.drop(columns="users")) and np.array_equal(
        one["users"], other["users"], equal_nan=True
    )


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + HEAD + ROWS,
        (HEAD + ROWS).replace("\n", "\r\n"),
        HEAD + "\n" + ROWS + "\n",
        "team , service,start,users\n" + ROWS.replace(",", " , "),
        '"team","service","start","users"\n' + ROWS.replace("Blue", '"Blue"'),
        HEAD + ROWS.replace("11:00,", "11:00,NaN"),
        "team,service,start,users,minutes\n" + ROWS.replace("\n", ",60.0\n"),
    ],
    ids=["byte order mark", "CRLF", "empty lines", "spaces", "quotation marks", "NaN", "minutes"],
)
def test_forms_of_csv_that_mean_the_same(folder: Any, text: str) -> None:
    plain = folder.write("usage.csv", HEAD + ROWS).load().usage
    assert same(folder.write("usage.csv", text).load().usage, plain)


def test_parquet_with_text_and_with_types_means_the_same(folder: Any) -> None:
    folder.write("teams.csv", "team,cost_per_user_hour,contact,time_zone\nBlue,1,B,Asia/Singapore\n")
    plain = folder.write("usage.csv", HEAD + ROWS).load().usage
    (folder.path / "usage.csv").unlink()
    names = {"team": pa.array(["Blue"] * 2), "service": pa.array(["mail"] * 2).dictionary_encode()}
    users = pa.array([1.5, None])
    naive = pd.to_datetime(["2027-02-20 10:00", "2027-02-20 11:00"])
    for starts in (
        pa.array(["2027-02-20 10:00", "2027-02-20 11:00"]),
        pa.array(naive),
        pa.array(naive.tz_localize("Asia/Singapore")),
        pa.array(naive.as_unit("s")),
    ):
        parquet(folder.path, **names, start=starts, users=users)
        assert same(folder.load().usage, plain)
    parquet(
        folder.path,
        **names,
        start=pa.array(naive),
        users=pa.array([Decimal("1.5"), None]),
        minutes=pa.array([60, None]),
    )
    assert same(folder.load().usage, plain)


def test_parquet_with_dates_and_numbers_for_names(folder: Any) -> None:
    folder.write("teams.csv", "team,cost_per_user_hour,contact\n7,1,B\n").write("services.csv", "service\n3\nmail\n")
    days = pa.array(pd.to_datetime(["2027-02-20", "2027-02-21"])).cast(pa.date32())
    parquet(folder.path, team=pa.array([7, 7]), service=pa.array([3, 3]), start=days, users=pa.array([1, 2]))
    usage = folder.load().usage
    assert usage["team"].tolist() == ["7", "7"]
    assert [f"{start:%d %H:%M}" for start in usage["start"]] == ["20 00:00", "21 00:00"]


def test_rows_of_a_parquet_file_count_from_one(folder: Any) -> None:
    start = pa.array(pd.to_datetime(["2027-02-20", "2027-02-21"]))
    parquet(
        folder.path,
        team=pa.array(["Blue", "Red"]),
        service=pa.array(["mail", None]),
        start=start,
        users=pa.array([1.0, -2]),
    )
    assert folder.problems() == [
        "usage.parquet, row 2, users: -2.0 is less than 0; write 0 or more",
        "usage.parquet, row 2, team: 'Red' is not in teams.csv; add it there, or correct it here",
        "usage.parquet, row 2, service: this required cell is empty; fill it in",
    ]


def test_parquet_of_the_wrong_shape(folder: Any) -> None:
    parquet(folder.path, team=pa.array(["Blue"]), service=pa.array(["mail"]), start=pa.array([1.5]), user=pa.array([1]))
    assert folder.problems() == ["usage.parquet, row 1, users: this required column is missing; did you mean 'user'?"]
    parquet(
        folder.path, team=pa.array(["Blue"]), service=pa.array(["mail"]), start=pa.array([1.5]), users=pa.array([1])
    )
    assert folder.problems() == ["usage.parquet, start: holds values of type double; save times there"]
    parquet(
        folder.path,
        team=pa.array([True]),
        service=pa.array(["mail"]),
        start=pa.array(["2027-02-20"]),
        users=pa.array([1]),
    )
    assert folder.problems() == ["usage.parquet, team: holds values of type bool; save text there"]
    folder.write("usage.parquet", b"PAR1 nonsense")
    (problem,) = folder.problems()
    assert problem.startswith("usage.parquet: cannot be read (")
    assert problem.endswith("; check how it was saved")


def test_both_files_are_one_too_many(folder: Any) -> None:
    folder.write("usage.csv", HEAD).write("usage.parquet", b"")
    assert folder.problems() == ["usage.parquet: is here beside usage.csv; keep one of the two"]


@pytest.mark.parametrize(
    ("content", "problems"),
    [
        (b"", ["usage.csv: does not begin with a header; write at least team,service,start,users"]),
        (b"team,service,start\n", ["usage.csv, row 1, users: this required column is missing; add it"]),
        (b"team;service\n", [
            "usage.csv, row 1: 'team;service' is one single column; separate columns by commas",
        ]),
        (HEAD.encode() + b"Blue,mail,2027-02-20,1\nBl\xfce,mail,2027-02-20,1\n",
         ["usage.csv, row 3: byte 0xfc is not UTF-8 text; save the file as UTF-8"]),
        ("team,service,start,users\n".encode("utf-16"),
         ["usage.csv, row 1: byte 0xff is not UTF-8 text; save the file as UTF-8"]),
        (HEAD.encode() + b"\nBlue,mail,2027-02-20\nBlue,mail,2027-02-21,1,2\nBlue,mial,2027-02-22,1\n", [
            "usage.csv, row 3: has 3 cells where the header has 4; check its commas and quotation marks",
            "usage.csv, row 4: has 5 cells where the header has 4; check its commas and quotation marks",
            "usage.csv, row 5, service: 'mial' is not in services.csv or redundancy.csv; did you mean 'mail'?",
        ]),
        (HEAD.encode() + b"Blue,ma\x00il,2027-02-20,1\n",
         ["usage.csv, row 2: has a NUL byte, so this is not a text file; save it as UTF-8 text"]),
        (HEAD.encode() + b"Blue,mail,2027-02-20\xe6\n",
         ["usage.csv, row 2: byte 0xe6 is not UTF-8 text; save the file as UTF-8"]),
    ],
)  # fmt: skip
def test_csv_that_cannot_be_read(folder: Any, content: bytes, problems: list[str]) -> None:
    assert folder.write("usage.csv", content).problems() == problems


def test_very_many_ragged_rows_are_summed_up(folder: Any) -> None:
    problems = folder.write("usage.csv", HEAD + "Blue,mail\n" * 25).problems()
    assert len(problems) == 21
    assert "usage.csv: has 5 more rows with a wrong number of cells; check them all" in problems


def test_unknown_columns_are_warned_about(folder: Any) -> None:
    folder.write("usage.csv", "team,service,start,users,minuts\nBlue,mail,2027-02-20,1,60\n")
    assert folder.warnings() == ["usage.csv, row 1: 'minuts' is an unknown column, ignored; did you mean 'minutes'?"]


def test_unknown_names_are_not_reported_where_their_file_is_broken(folder: Any) -> None:
    folder.write("usage.csv", f"{HEAD}Red,web,2027-02-20,1\n").write("teams.csv", b"\xff").write(
        "services.csv", b"\xff"
    )
    assert folder.problems() == [
        "teams.csv, row 1: byte 0xff is not UTF-8 text; save the file as UTF-8",
        "services.csv, row 1: byte 0xff is not UTF-8 text; save the file as UTF-8",
    ]
