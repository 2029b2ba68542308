from pathlib import Path

import pytest

from scheduler.inputs.errors import Findings
from scheduler.inputs.text_files import UnreadableError, csv_records, decoded, read_text


def test_records_know_the_line_they_start_on(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b'\xef\xbb\xbfa,b\r\n"1\n2",x\n\n\n3,4\n')
    assert list(csv_records(tmp_path / "x.csv")) == [(1, ["a", "b"]), (2, ["1\n2", "x"]), (6, ["3", "4"])]


@pytest.mark.parametrize(
    ("content", "row", "text"),
    [
        (b"a\n" + b"b" * 1_000_001, 2, "has a line of more than 1,000,000 characters; check how it was saved"),
        (b"a\nb\0\n", 2, "has a NUL byte, so this is not a text file; save it as UTF-8 text"),
        (b"a\nb\nc\xff\n", 3, "byte 0xff is not UTF-8 text; save the file as UTF-8"),
        (b'a\n"b\nc', 2, "cannot be read as CSV (unexpected end of data); check its quotation marks"),
        (b'a\n"' + b"b\n" * 70_000 + b'"', 2,
         "cannot be read as CSV (field larger than field limit (131072)); check its quotation marks"),
    ],
)  # fmt: skip
def test_what_cannot_be_read(tmp_path: Path, content: bytes, row: int, text: str) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(UnreadableError) as caught:
        list(csv_records(tmp_path / "x.csv"))
    assert (caught.value.row, caught.value.text) == (row, text)


def test_a_line_of_just_the_longest_length_can_be_read(tmp_path: Path) -> None:
    cells = ",".join(["x" * 100_000] * 9 + ["y" * 99_990])
    (tmp_path / "x.csv").write_text(cells + "\n")
    assert len(next(csv_records(tmp_path / "x.csv"))[1]) == 10


def test_text_is_decoded_with_or_without_a_mark() -> None:
    assert decoded(b"\xef\xbb\xbf\xc3\xa9") == "é"
    with pytest.raises(UnreadableError) as caught:
        decoded(b"a\n\0", row=10)
    assert caught.value.row == 11


def test_a_whole_text(tmp_path: Path) -> None:
    findings = Findings()
    (tmp_path / "x.txt").write_bytes(b"a" * 2_000_001)
    assert read_text(tmp_path / "x.txt", findings, most_megabytes=2) is None
    assert read_text(tmp_path / "x.txt", findings, most_megabytes=3) == "a" * 2_000_001
    (tmp_path / "x.txt").write_bytes(b"\n\xff")
    assert read_text(tmp_path / "x.txt", findings) is None
    assert findings.problems == [
        "x.txt: is 2 MB, more than the 2 MB that can be read; was the right file saved here?",
        "x.txt, row 2: byte 0xff is not UTF-8 text; save the file as UTF-8",
    ]
