import pytest

from scheduler.inputs.errors import Findings, InputError, Place, nearest, shown


def test_input_error_has_one_line_per_problem() -> None:
    error = InputError(["a.csv, row 2: x", "b.csv: y"])
    assert error.problems == ["a.csv, row 2: x", "b.csv: y"]
    assert str(error) == "a.csv, row 2: x\nb.csv: y"


def test_messages_come_by_file_and_row_and_once_only() -> None:
    findings = Findings(("teams.csv", "changes.csv"))
    findings.problem(Place("changes.csv", 10), "late")
    findings.problem(Place("changes.csv", 9, "due"), "early")
    findings.problem(Place("teams.csv"), "first")
    findings.problem(Place("other.csv"), "last")
    findings.problem(Place("changes.csv", 10), "late")
    assert findings.problems == [
        "teams.csv: first",
        "changes.csv, row 9, due: early",
        "changes.csv, row 10: late",
        "other.csv: last",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [("30", "30"), ("-3.5", "-3.5"), ("mail", "'mail'"), ("it's", '"it\'s"'), ("\x1b[31m", "'\\x1b[31m'"), (7, "7")],
)
def test_shown(value: object, text: str) -> None:
    assert shown(value) == text


def test_shown_is_cut() -> None:
    assert shown("x" * 1000) == f"'{'x' * 79}…'"
    assert shown("1" * 1000) == f"'{'1' * 79}…'"


def test_a_message_is_one_printable_line() -> None:
    findings = Findings()
    findings.warn(Place("a\nb.csv"), "unknown file\x1b[2J")
    assert findings.warnings == ["a\\nb.csv: unknown file\\x1b[2J"]


def test_guesses_run_out() -> None:
    findings = Findings()
    guesses = [findings.guess("mial", ["mail"], "add it") for _ in range(201)]
    assert guesses[199:] == ["; did you mean 'mail'?", "; add it"]


def test_nearest_ignores_case_and_finds_cities() -> None:
    assert nearest("MAIL", ["mail", "web"]) == "mail"
    assert nearest("Singapor", ["Asia/Singapore", "Asia/Tokyo"]) == "Asia/Singapore"
