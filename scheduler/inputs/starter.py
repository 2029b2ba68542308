"""Writes a small portfolio to begin with: one that can be planned as it is, and that explains itself."""

from datetime import date, timedelta
from pathlib import Path

from scheduler.inputs.columns import COLUMNS, FILES, TABLES, TYPES, Column
from scheduler.inputs.errors import InputError
from scheduler.inputs.tables import stem_of

_GIVEN = ("name", "start", "weeks", "time_zone", "now")
_POLICY = """\
# The rules of the house. Lines that begin with # are comments: take the # away to use a key.
# Check this folder with `scheduler check`, plan it with `scheduler plan`. README.txt explains the tables beside.

name = "{name}"
start = {start}          # a Monday; the horizon begins here
weeks = 4
time_zone = "UTC"           # for example "Europe/London"
# now = {start}          # the instant of planning; without it, the clock until the horizon begins
"""
_LEVELS = """
# What teams of a service level are promised. Teams name theirs in teams.csv.
[service_levels.basic]
weight = 1                  # how much their losses weigh
notice_days = 5             # calendar days of notice

[service_levels.premium]
weight = 2
notice_days = 10
protected_hours = "Mon-Fri 08:00-18:00"
"""
_TABLES = {
    "teams.csv": (
        "team,name,service_level,cost_per_user_hour,uses,headcount,contact,email\n"
        "sales,Sales,premium,60,shop;mail,40,Sam,sales@example.com\n"
        "office,Back office,basic,35,mail,25,Olga,office@example.com\n"
    ),
    "services.csv": (
        "service,name,used_for,site\nshop,Web shop,Taking orders,main\nmail,Mail,Letters and calendars,main\n"
        "database,Database,Data of the web shop,main\n"
    ),
    "dependencies.csv": "service,depends_on,effect\nshop,database,OUTAGE\n",
    "changes.csv": (
        "change,title,services,impact,duration_minutes,duration_p90_minutes,backout_minutes,after,skills,repeats,"
        "what_you_will_notice\n"
        "CHG-1,Upgrade the database,database,OUTAGE,120,180,60,,dba,,The web shop is closed\n"
        "CHG-2,Renew mail certificates,mail,DEGRADED,30,45,0,CHG-1,network,,Mail may arrive late\n"
        "PATCH,Monthly patches,mail,OUTAGE,60,90,30,,network,second Tuesday + 5 days,Mail is not available\n"
    ),
    "engineers.csv": (
        "engineer,skills,works\nana,dba;network,Mon-Fri 07:00-19:00; Sat-Sun 00:00-24:00\n"
        "ben,network,Mon-Fri 18:00-02:00; Sat-Sun 00:00-24:00\n"
    ),
    "calendars.csv": (
        "calendar,kind,hours,applies_to,hard,cost_per_hour\nfriday evening,blackout,Fri 16:00-24:00,*,yes,\n"
        "office hours,blackout,Mon-Fri 08:00-18:00,site:main,no,100\n"
    ),
}


def write_starter(folder: str | Path, today: date) -> list[str]:
    """Write a commented portfolio into a new or empty folder, for four weeks from a Monday one to two weeks away.

    Returns the names of the files written.

    Raises
    ------
    InputError
        If the folder holds anything already.
    OSError
        If it cannot be written.
    """
    path = Path(folder)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError(
            [f"{folder}: is there already and not an empty folder; choose a new one, nothing is overwritten"]
        )
    files = {"policy.toml": _policy(path, today), **_TABLES, "README.txt": _readme()}
    path.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (path / name).write_text(text, encoding="utf-8", newline="\n")
    return list(files)


def _policy(path: Path, today: date) -> str:
    start = today + timedelta(days=14 - today.weekday())
    name = "".join(letter for letter in path.resolve().name if letter.isprintable() and letter not in '"\\')
    lines = [_POLICY.format(name=name or "Portfolio", start=start.isoformat())]
    columns = TABLES["policy.toml"]
    lines += [_commented(one, name) for name, one in columns.items() if "." not in name and name not in _GIVEN]
    lines.append(_LEVELS)
    lines.append("# How usage that was recorded becomes usage that is expected.\n# [forecast]")
    lines += [_commented(one, name.rpartition(".")[2]) for name, one in columns.items() if name.startswith("forecast.")]
    return "\n".join(lines) + "\n"


def _commented(column: Column, name: str) -> str:
    value = column.default or {"e-mail": "desk@example.com", "whole number": "5"}.get(column.type, "example.com")
    if column.type in ("text", "e-mail", "zone", "hours"):
        value = f'"{value}"'
    if column.type == "yes or no":
        value = "true" if value == "yes" else "false"
    return f"# {f'{name} = {value}':<38}# {column.meaning}"


def _readme() -> str:
    lines = [
        "A portfolio: what is planned together. Tables are CSV, Excel (.xlsx) or Parquet, one form of each, with the",
        "columns below (* = required). Only policy.toml, teams, services and changes are needed; delete what you do",
        "not need. Usage of services goes into usage.csv; without it, headcounts in office hours are assumed.",
        "",
        "How cells are written:",
        *(f"  {name}: {how}" for name, how in TYPES.items()),
    ]
    for file in FILES.values():
        if file.name == "policy.toml":
            continue
        lines += ["", f"{stem_of(file.name)}: {file.meaning}{' (required)' if file.required else ''}"]
        lines += [_described(column) for column in COLUMNS if column.file == file.name]
    return "\n".join(lines) + "\n"


def _described(column: Column) -> str:
    empty = column.when_empty or column.default
    kind = ", ".join(column.choices) or column.type
    meaning = column.meaning + (f" Empty: {empty}." if empty else "")
    return f"  {column.name}{'*' * column.required} ({kind}): {meaning}"
