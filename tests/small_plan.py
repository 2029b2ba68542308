"""A small portfolio of three services that plans in a moment, with its plan in a folder, and what a page of it says."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from streamlit.testing.v1 import AppTest

from scheduler.batch import plan
from scheduler.inputs import load
from scheduler.ui.review import Plan, read_plan

APP = Path(__file__).parents[1] / "ui" / "app.py"
POLICY = """name = "Small"
start = 2027-03-01T00:00:00Z
weeks = 2
now = 2027-02-20T08:00:00Z
time_zone = "Europe/London"
currency = "GBP"

[service_levels.premium]
weight = 2
notice_days = 3
"""
TEAMS = (
    "team,name,service_level,time_zone,cost_per_user_hour,uses,headcount,contact\n"
    "blue,Blue Ltd,premium,Europe/London,10,,,Ann\n"
    "green,Green Inc,,Asia/Singapore,5,mail,40,Ben\n"
)
SERVICES = "service,name,used_for,owner\napp,Order entry,taking orders,Ann Lee\nmail,Mail,,\ndb,Database,,\n"
DEPENDENCIES = "service,depends_on\napp,db\n"
CHANGES = (
    "change,title,services,duration_minutes,duration_p90_minutes,due,not_with,mandatory,drop_cost,why,what_you_will_notice\n"
    "A,Patch order entry,app,60,90,,,,,Holes are known.,Order entry cannot be opened.\n"
    "B,Move the mail,mail,120,,,,,,,\n"
    "C,Tidy up,mail,30,,2027-03-01T00:00Z,,no,70.00,,\n"
    "D,New database,db,60,90,,A,,,,\n"
)


def usage() -> str:
    """Two weeks of Blue on order entry: 50 users in office hours, 5 by night, 1 from Saturday 20:00 to Sunday 08:00."""
    rows = ["team,service,start,users"]
    begin = datetime(2027, 2, 6, tzinfo=UTC)
    for hour in range(14 * 24):
        at = begin + timedelta(hours=hour)
        quiet = (at.weekday() == 5 and at.hour >= 20) or (at.weekday() == 6 and at.hour < 8)
        users = 50 if at.weekday() < 5 and 8 <= at.hour < 18 else 1 if quiet else 5
        rows.append(f"blue,app,{at:%Y-%m-%dT%H:%MZ},{users}")
    return "\n".join(rows) + "\n"


def write_portfolio(folder: Path, **files: str) -> Path:
    """Write the small portfolio, some of its files replaced (`changes` for changes.csv)."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "policy.toml").write_text(files.pop("policy", POLICY))
    tables = {
        "teams": TEAMS,
        "services": SERVICES,
        "dependencies": DEPENDENCIES,
        "changes": CHANGES,
        "usage": usage(),
    }
    for name, text in (tables | files).items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Place:
    """A portfolio and the folder of a plan of it."""

    portfolio: Path
    out: Path

    def plan(self, seed: int = 0) -> Plan:
        """Plan as `plan --out` does, and read what was written."""
        plan(load(self.portfolio, out=self.out), deterministic=0.5, seed=seed, out=self.out)
        return self.read()

    def read(self) -> Plan:
        """Read the plan that is there."""
        return read_plan(self.out)


def said(visitor: AppTest) -> str:
    """Everything that a page says, as it is read, one element a line; tables cell by cell."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "info", "success", "warning", "error")
    lines = [read(str(one.value)) for kind in kinds for one in visitor.get(kind)]
    lines += [str(one.value) for kind in ("text", "code") for one in visitor.get(kind)]
    lines += [f"{read(one.label)}\n{read(one.value)}" for one in visitor.metric]
    for table in visitor.dataframe:
        lines += [str(cell) for row in table.value.itertuples(index=False) for cell in row]
    return "\n".join(lines)


def read(markdown: str) -> str:
    """Give Markdown as it is read, as far as escapes go."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown).replace("\u2060", "")
