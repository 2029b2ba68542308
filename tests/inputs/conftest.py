from collections.abc import Callable
from pathlib import Path

import pytest

from scheduler.inputs import InputError, load
from scheduler.portfolio import Portfolio

# The smallest portfolio that loads without a problem or a warning.
SMALLEST = {
    "policy.toml": 'name = "Small"\nstart = 2027-03-01T00:00:00Z\nweeks = 4\nnow = 2027-02-28T12:00:00Z\n',
    "teams.csv": "team,cost_per_user_hour,uses,headcount,contact\nBlue,10,mail,5,Bea\n",
    "services.csv": "service\nmail\n",
    "changes.csv": "change,services,duration_minutes\nC1,mail,60\n",
}


class Folder:
    """A portfolio folder that begins as the smallest one; tests overwrite what they are about."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for name, text in SMALLEST.items():
            self.write(name, text)

    def write(self, name: str, content: str | bytes) -> "Folder":
        """Write a file."""
        (self.path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return self

    def policy(self, more: str, **keys: str) -> "Folder":
        """Add lines to policy.toml, and set some of its keys to TOML values."""
        lines = [line for line in SMALLEST["policy.toml"].splitlines() if line.split(" = ")[0] not in keys]
        lines += [f"{key} = {value}" for key, value in keys.items()]
        return self.write("policy.toml", "\n".join([*lines, more, ""]))

    def load(self) -> Portfolio:
        """Load the portfolio."""
        return load(self.path)

    def problems(self) -> list[str]:
        """Load the portfolio, which must be refused, and give the reasons."""
        with pytest.raises(InputError) as caught:
            load(self.path)
        return caught.value.problems

    def warnings(self) -> list[str]:
        """Load the portfolio and give its warnings."""
        return list(load(self.path).warnings)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Give the smallest portfolio."""
    return Folder(tmp_path)


@pytest.fixture
def cell(folder: Folder) -> Callable[[str, str, str], Folder]:
    """Give a function that writes one cell of an otherwise sound row: `cell(file, column, value)`."""
    rows = {
        "teams.csv": {"team": "Blue", "cost_per_user_hour": "10", "contact": "Bea", "uses": "mail", "headcount": "5"},
        "services.csv": {"service": "mail"},
        "dependencies.csv": {"service": "mail", "depends_on": "db"},
        "redundancy.csv": {"group": "pool", "service": "mail", "min_up": "1"},
        "changes.csv": {"change": "C1", "services": "mail", "duration_minutes": "45"},
        "engineers.csv": {"engineer": "ana", "skills": "dba"},
        "calendars.csv": {"calendar": "night", "kind": "allowed", "hours": "22:00-06:00"},
        "decisions.csv": {"change": "C1", "kind": "pin", "start": "2027-03-01T02:00Z"},
        "history.csv": {"change": "C0"},
        "events.csv": {"team": "Blue", "start": "2027-03-01", "end": "2027-03-02", "factor": "2"},
        "preferences.csv": {"team": "Blue", "kind": "never", "hours": "22:00-06:00"},
        "usage.csv": {"team": "Blue", "service": "mail", "start": "2027-02-28 10:00", "users": "5"},
    }

    def write(file: str, column: str, value: str) -> Folder:
        row = rows[file] | {column: value}
        cells = ",".join(f'"{text}"' for text in row.values())
        return folder.write(file, f"{','.join(row)}\n{cells}\n")

    return write
