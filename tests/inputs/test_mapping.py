"""Mappings: what they say, and every way in which one can be wrong."""

from pathlib import Path

import pytest

from scheduler.inputs import mapping as module
from scheduler.inputs.errors import Findings
from scheduler.inputs.mapping import BUILT_IN, ExportMapping, read_mapping


def read(tmp_path: Path, text: str) -> tuple[ExportMapping | None, list[str]]:
    path = tmp_path / "mapping.toml"
    path.write_text(text)
    findings = Findings()
    return read_mapping(str(path), findings), findings.problems


def test_the_example_of_the_documentation_is_read(tmp_path: Path) -> None:
    assert module.__doc__ is not None
    example = "\n".join(line.removeprefix("    ") for line in module.__doc__.splitlines()[2:])
    found, problems = read(tmp_path, example)
    assert problems == []
    assert found is not None
    assert found.columns == {"change": ("Ref",), "services": ("System", "Application")}
    assert found.length == (("Start",), ("End",))
    assert found.values == {"services": {"payments (production)": "payments"}}
    assert (found.defaults, found.units) == ({"duration_minutes": "60"}, {"duration_minutes": "hours"})
    assert (found.time_zone, found.time_formats) == ("Europe/London", ("%d/%m/%Y %H:%M",))
    assert (found.sheet, found.list_separator, found.skip) == ("Changes", ",", {"Status": ("Closed", "Cancelled")})
    assert found.back == {"start": ("Start",), "end": ("End",), "reserved_until": ("Window ends",)}


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_mappings_can_be_read(name: str) -> None:
    findings = Findings()
    found = read_mapping(name, findings)
    assert findings.problems == []
    assert found is not None
    assert {"change", "title", "type", "services", "due"} <= found.columns.keys()
    assert found.back.keys() == {"start", "end"}


CHANGE = "[columns]\nchange = 'a'\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[columns", ": is not TOML"),
        ("[column]\nchange = 'a'", ", column: unknown key; did you mean 'columns'?"),
        ("[columns]\nservices = 'a'", ", columns.change: is missing; name the column of the export"),
        (f"{CHANGE}service = 'b'", ", columns.service: changes.csv has no such column; did you mean 'services'?"),
        ("[columns]\nchange = []\nservices = [1.5]", ", columns.services: '[1.5]' is not a name"),
        ("columns = 3", ", columns: 3 is not a table"),
        (f"{CHANGE}[units]\nduration_minutes = 'h'", ", units.duration_minutes: 'h' is not one of minutes, hours"),
        (f"{CHANGE}[values]\nservices = 'x'", ", values.services: 'x' is not a table"),
        (f"{CHANGE}[length]\nfrom = 'x'", ", length: has to name two columns, from and to"),
        (f"{CHANGE}[back]\nbegin = 'x'", ", back.begin: is not one of start, end, reserved_until"),
        (f"time_zone = 'London'\n{CHANGE}", ", time_zone: 'London' is not a time zone; did you mean 'Europe/London'?"),
        (f"sheet = 1\n{CHANGE}", ", sheet: 1 is not text"),
        (f"{CHANGE}[defaults]\nduration_minutes = []", ", defaults.duration_minutes: '[]' is not text or a number"),
    ],
)
def test_what_is_wrong_with_a_mapping(tmp_path: Path, text: str, problem: str) -> None:
    found, problems = read(tmp_path, text)
    assert found is None
    assert any(one.startswith(f"mapping.toml{problem}") for one in problems), problems


def test_a_mapping_that_is_not_there() -> None:
    findings = Findings()
    assert read_mapping("service-now", findings) is None
    assert findings.problems == ["service-now: there is no such file; name one, or one of servicenow, jira"]
