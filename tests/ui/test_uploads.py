"""Uploads: every form there is, archives that mean harm, tables that are edited, and exports of other tools."""

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
from small_desk import small_portfolio
from small_plan import CHANGES, POLICY, SERVICES, TEAMS, usage

from scheduler.inputs import InputError
from scheduler.inputs.portfolio_folder import portfolio_files
from scheduler.ui import uploads
from scheduler.ui.uploads import archive_of, checked, mapped, merged, suggested, table_bytes, table_of, unpacked

SMALL = {
    "policy.toml": POLICY.encode(),
    "teams.csv": TEAMS.encode(),
    "services.csv": SERVICES.encode(),
    "dependencies.csv": b"service,depends_on\napp,db\n",
    "changes.csv": CHANGES.encode(),
    "usage.csv": usage().encode(),
}


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def workbook(**sheets: bytes) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    for name, content in sheets.items():
        sheet = book.create_sheet(name)
        for line in content.decode().splitlines():
            sheet.append(line.split(","))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


# --- forms -----------------------------------------------------------------------------------------------------------


def test_files_a_folder_in_an_archive_and_a_workbook_are_one_portfolio() -> None:
    wanted = small_portfolio().content_hash
    nested = {f"my portfolio/{name}": content for name, content in SMALL.items()}
    rest = {name: one for name, one in SMALL.items() if name in ("policy.toml", "usage.csv")}
    tables = {name.removesuffix(".csv").upper(): one for name, one in SMALL.items() if name not in rest}
    for given in (
        SMALL,
        {"p.zip": zipped(nested | {"my portfolio/.hidden": b"x", "__MACOSX/teams.csv": b"x"})},
        {"everything.xlsx": workbook(**tables)} | rest,
        {"p.zip": archive_of(portfolio_files(small_portfolio()))},
    ):
        parcel = unpacked(given)
        assert not parcel.problems
        assert not parcel.foreign
        found = checked(parcel.files, "somewhere")
        assert found.problems == ()
        assert found.portfolio is not None
        assert (found.portfolio.content_hash, found.portfolio.folder) == (wanted, "somewhere")


def test_a_table_takes_the_place_of_its_other_form() -> None:
    base = {"teams.csv": b"a", "calendars/x.ics": b"b", "usage.parquet": b"c"}
    assert merged(base, {"usage.csv": b"d", "calendars/y.ics": b"e"}) == {
        "teams.csv": b"a",
        "calendars/x.ics": b"b",
        "calendars/y.ics": b"e",
        "usage.csv": b"d",
    }


def test_every_problem_of_every_file_is_said_without_a_path_of_this_machine() -> None:
    broken = SMALL | {
        "changes.csv": CHANGES.replace("A,Patch order entry,app,60,90", "A,Patch order entry,ap,sixty,90").encode(),
        "teams.csv": TEAMS.replace("Europe/London", "Europe/Lundon").encode(),
    }
    found = checked(broken)
    assert found.portfolio is None
    text = "\n".join(found.problems)
    assert "teams.csv, row 2, time_zone: 'Europe/Lundon'" in text
    assert "changes.csv, row 2, services" in text
    assert "changes.csv, row 2, duration_minutes: 'sixty'" in text
    assert "portfolio-" not in text
    assert len(found.problems) == 3
    assert checked({}).problems


# --- archives that mean harm -----------------------------------------------------------------------------------------


def test_names_in_an_archive_lead_nowhere(tmp_path: Path) -> None:
    evil = {
        "../../teams.csv": b"team\n",
        "/etc/policy.toml": b"x",
        "..\\services.csv": b"service\n",
        "a/../b.ics": b"x",
    }
    parcel = unpacked({"p.zip": zipped(evil)})
    assert sorted(parcel.files) == ["calendars/b.ics", "policy.toml", "services.csv", "teams.csv"]
    assert sorted(unpacked({"p.zip": zipped({"x\n\x1b/..ics": b"x", "\u202e.ics": b"y"})}).files) == ["calendars/_.ics"]
    # Archives in archives stay shut.
    assert unpacked({"p.zip": zipped({"q.zip": zipped(SMALL)})}).files == {}


def test_an_archive_that_explodes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_BYTES", 1_000_000)
    bomb = zipped({"teams.csv": b"0" * 3_000_000})
    assert len(bomb) < 10_000
    parcel = unpacked({"p.zip": bomb})
    assert parcel.problems == ["p.zip: unpacks to more than 1 MB; was the right one chosen?"]
    monkeypatch.setattr(uploads, "MOST_FILES", 3)
    assert "holds 6 files" in unpacked({"p.zip": zipped(SMALL)}).problems[0]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive at all", zipped(SMALL)[:-30]])
def test_what_is_no_archive_or_workbook_is_said(content: bytes) -> None:
    for name in ("p.zip", "book.xlsx"):
        parcel = unpacked({name: content})
        assert parcel.problems[0].startswith(f"{name}: ")
        assert not parcel.files
    assert unpacked({"x.exe": content}).problems == ["x.exe: is no file of a portfolio; it was passed over"]


# --- editing ---------------------------------------------------------------------------------------------------------


def test_a_table_is_mended_in_place() -> None:
    broken = SMALL | {
        "changes.csv": CHANGES.replace("A,Patch order entry,app,60,90", "A,Patch order entry,app,x,90").encode()
    }
    frame = table_of(broken, "changes.csv")
    # As problems name it.
    assert frame.loc[2, "duration_minutes"] == "x"
    assert "failure_chance" in frame.columns
    assert set(frame["failure_chance"]) == {""}
    frame.loc[2, "duration_minutes"] = "60"
    frame.loc[len(frame) + 2] = [None] * len(frame.columns)  # an empty row of the editor
    found = checked(merged(broken, {"changes.csv": table_bytes(frame)}))
    assert found.portfolio is not None
    assert found.portfolio.content_hash == small_portfolio().content_hash


def test_a_table_that_is_not_there_is_begun() -> None:
    frame = table_of(SMALL, "engineers.csv")
    assert list(frame.columns)[:2] == ["engineer", "skills"]
    assert frame.empty
    assert table_of({"teams.csv": b"team,,team\na,b,c\n"}, "teams.csv").columns[:3].tolist() == [
        "team",
        "column 2",
        "column 3",
    ]


# --- other tools -----------------------------------------------------------------------------------------------------


def test_an_export_of_another_tool_becomes_changes() -> None:
    export = (
        b"number,short_description,cmdb_ci,type,start_date,end_date\n"
        b"CHG7,Patch,app,Normal,2027-03-02 01:00:00,2027-03-02 02:30:00\n"
    )
    parcel = unpacked({"change_request.csv": export})
    assert list(parcel.foreign) == ["change_request.csv"]
    content, _ = mapped("change_request.csv", export, "servicenow", SMALL)
    found = checked(merged(SMALL, {"changes.csv": content}))
    assert found.portfolio is not None, found.problems
    assert found.portfolio.changes["CHG7"].services == ("app",)
    assert "[columns]" in suggested("change_request.csv", export, SMALL)
    with pytest.raises(InputError) as refused:
        mapped("change_request.csv", export.replace(b",app,", b",nothing,"), "servicenow", SMALL)
    assert "nothing" in refused.value.problems[0]
    assert "portfolio-" not in "".join(refused.value.problems)
