"""Checks what the cells of one row, or of the rows of one group, must be to each other."""

from collections.abc import Mapping
from datetime import datetime

from scheduler.horizon import Horizon
from scheduler.inputs.errors import Findings, Place, and_more, several, shown
from scheduler.inputs.references import Tables, resolve, starting_together
from scheduler.inputs.tables import Row, Table, utc_text

# More sets of skills than 2 to the power of this would have to be counted for an exact rule.
MOST_SKILLS = 10


def check_rows(tables: Tables, findings: Findings) -> None:
    """Report rows whose cells contradict each other."""
    horizon = tables.policy.horizon
    for row in tables["changes.csv"]:
        _check_lengths(row, findings)
        _check_times(row, horizon, findings)
        if row["mandatory"] is False and "drop_cost" in row.empty:
            findings.problem(row.place("drop_cost"), "is empty where mandatory = no; say what leaving it out costs")
    _check_together(tables["changes.csv"], findings)
    for row in tables["calendars.csv"]:
        _check_calendar(row, findings)
    _check_groups(tables["redundancy.csv"], findings)
    for row in tables["history.csv"]:
        for kind in ("planned", "actual"):
            _check_order(row, f"{kind}_start", f"{kind}_end", findings)
    for row in tables["events.csv"]:
        _check_order(row, "start", "end", findings)
        if {"factor", "users"} <= row.empty or (row["factor"] is not None and row["users"] is not None):
            findings.problem(row.place("factor"), "give factor or users, and only one of them")
    for row in tables["preferences.csv"]:
        _check_preference(row, findings)
    if tables["engineers.csv"].exists and tables["engineers.csv"].whole:
        check_skills(tables["changes.csv"], tables["engineers.csv"], findings)


def _check_lengths(row: Row, findings: Findings) -> None:
    p50, p90 = row["duration_minutes"], row["duration_p90_minutes"]
    if p50 is not None and p90 is not None and p90 < p50:
        text = f"{p90} is less than duration_minutes ({p50}); swap them or leave it empty"
        findings.problem(row.place("duration_p90_minutes"), text)


def _check_times(row: Row, horizon: Horizon | None, findings: Findings) -> None:
    earliest, due, fixed = row["earliest"], row["due"], row["fixed_start"]
    if earliest is not None and due is not None and due <= earliest:
        text = f"{utc_text(due)} is not after earliest ({utc_text(earliest)}); correct one of them"
        findings.problem(row.place("due"), text)
    lengths = [row[name] for name in ("duration_minutes", "backout_minutes")]
    if fixed is not None and horizon is not None and None not in lengths:
        reserved = max(row["duration_minutes"], row["duration_p90_minutes"] or 0) + row["backout_minutes"]
        check_start(row.place("fixed_start"), fixed, reserved, horizon, findings)


def _check_together(changes: Table, findings: Findings) -> None:
    """Report changes that start together although one of them waits for the other, or may not run beside it."""
    groups = starting_together(changes)
    fixed: dict[tuple[str, ...], Row] = {}
    for row in changes:
        group = groups.get(row["change"], ())
        if len(group) < 2:
            continue
        for column, what in (("after", "comes after"), ("not_with", "may not run with")):
            for piece in row[column] or ():
                other = resolve(piece, groups.keys()) if column == "after" else piece
                if groups.get(other) is group and other != row["change"]:
                    text = f"{shown(row['change'])} {what} {shown(other)} and starts together with it (same_window_as)"
                    findings.problem(row.place(column), f"{text}; delete one of the two")
        if row["fixed_start"] is not None:
            first = fixed.setdefault(group, row)
            if first["fixed_start"] != row["fixed_start"]:
                text = f"{utc_text(row['fixed_start'])} is not the fixed_start of {shown(first['change'])}"
                mend = "which starts together with it (same_window_as); correct one of them"
                findings.problem(row.place("fixed_start"), f"{text} ({utc_text(first['fixed_start'])}), {mend}")


def check_start(place: Place, start: datetime, reserved_minutes: int, horizon: Horizon, findings: Findings) -> None:
    """Report a start that no change can have: off the grid, or with its reserved window outside the horizon."""
    until = start + horizon.length(reserved_minutes) * horizon.slot
    if not horizon.on_grid(start):
        near = horizon.at(horizon.floor(start))
        text = f"{utc_text(start)} is not on the grid of {horizon.slot_minutes} minutes from {utc_text(horizon.start)}"
        findings.problem(place, f"{text}; write {utc_text(near)} or {utc_text(near + horizon.slot)}")
    elif start < horizon.start or until > horizon.end:
        text = f"{utc_text(start)}, reserved until {utc_text(until)}, is outside the horizon"
        mend = "choose another start, or change start or weeks in policy.toml"
        findings.problem(place, f"{text} ({utc_text(horizon.start)} to {utc_text(horizon.end)}); {mend}")


def _check_calendar(row: Row, findings: Findings) -> None:
    if row["hard"] is False and "cost_per_hour" in row.empty:
        findings.problem(row.place("cost_per_hour"), "is empty where hard = no; say what an hour in it costs")
    if row["hard"] is False and row["kind"] == "working":
        findings.problem(row.place("hard"), "is no, but hours of engineers have no price; write yes")
    elif row["hard"] is False and any(target.startswith("engineer:") for target in row["applies_to"] or ()):
        text = "names engineers where hard = no, but their hours have no price; these targets are ignored"
        findings.warn(row.place("applies_to"), text)
    if row["hard"] is True and row["cost_per_hour"]:
        findings.warn(row.place("cost_per_hour"), "is not looked at where hard = yes")
    if row["file"] is not None and row["hours"] is not None:
        findings.problem(row.place("hours"), "is given beside file; keep one of the two")


def _check_preference(row: Row, findings: Findings) -> None:
    _check_order(row, "start", "end", findings)
    period = "start" not in row.empty or "end" not in row.empty
    if ("hours" not in row.empty) == period or (period and {"start", "end"} & row.empty):
        findings.problem(row.place("hours"), "give either hours, or start and end")
    if row["kind"] == "avoid" and "cost_per_hour" in row.empty:
        findings.problem(row.place("cost_per_hour"), "is empty where kind = avoid; say what an hour costs")
    if row["kind"] == "prefer" and "cost_per_hour" in row.empty:
        findings.warn(row.place("cost_per_hour"), "is empty, so this row changes nothing; say what other hours cost")
    if row["kind"] == "never" and row["cost_per_hour"]:
        text = "is not looked at where kind = never, which is obeyed at any price; write avoid if it has one"
        findings.warn(row.place("cost_per_hour"), text)


def _check_order(row: Row, first: str, last: str, findings: Findings) -> None:
    start, end = row[first], row[last]
    if start is not None and end is not None and end <= start:
        text = f"{utc_text(end)} is not after {first} ({utc_text(start)}); correct one of them"
        findings.problem(row.place(last), text)


def _check_groups(table: Table, findings: Findings) -> None:
    rows: dict[str, list[Row]] = {}
    for row in table:
        if row["group"] is not None:
            rows.setdefault(row["group"], []).append(row)
    for group, members in rows.items():
        count = len({row["service"] for row in members})
        given = [row for row in members if row["min_up"] is not None]
        if not given and count == 1:
            text = f"{shown(group)} has one member, so the default is 0; add a member or write 1"
            findings.problem(members[0].place("min_up"), text)
        for row in given:
            if row["min_up"] != given[0]["min_up"]:
                text = f"{row['min_up']} is not what row {given[0].number} says ({given[0]['min_up']})"
                findings.problem(row.place("min_up"), f"{text}; give the group one min_up")
            elif not 1 <= row["min_up"] <= count and row is given[0]:
                text = f"{row['min_up']} is not between 1 and the {count} members of {shown(group)}; correct it"
                findings.problem(row.place("min_up"), text)


# --- skills ------------------------------------------------------------------------------------------------------


def check_skills(changes: Table, engineers: Table, findings: Findings) -> None:
    """Report skills that are needed and nobody holds, and more of them tied together than can be planned exactly."""
    holders: dict[str, set[str]] = {}
    for row in engineers:
        for skill in row["skills"] or ():
            holders.setdefault(skill, set()).add(row["engineer"])
    demanded: dict[str, list[Row]] = {}
    for row in changes:
        for skill, _ in row["skills"] or ():
            demanded.setdefault(skill, []).append(row)
    for skill, rows in demanded.items():
        if skill not in holders:
            mend = findings.guess(skill, holders, "give it to somebody in engineers.csv, or correct it here")
            text = f"{shown(skill)} is held by nobody in engineers.csv{mend}{and_more(len(rows))}"
            findings.problem(rows[0].place("skills"), text)
    for part in skill_parts({skill: frozenset(holders[skill]) for skill in demanded if skill in holders}):
        if len(part) > MOST_SKILLS:
            text = f"{len(part)} different skills ({several(part)}) are tied together by engineers who hold several"
            mend = f"at most {MOST_SKILLS} can be planned exactly; merge skills or give fewer to one engineer"
            findings.problem(Place(engineers.file, 1, "skills"), f"{text}; {mend}")


def skill_parts(holders: Mapping[str, frozenset[str]]) -> list[list[str]]:
    """Group skills that are tied together by engineers who hold several; skills with the same holders count once.

    >>> ana, ben = "ana", "ben"
    >>> skill_parts({"dba": frozenset([ana]), "sql": frozenset([ana]), "network": frozenset([ana, ben]),
    ...              "storage": frozenset(["cy"])})
    [['dba', 'network'], ['storage']]
    """
    merged: dict[frozenset[str], str] = {}
    for skill in sorted(holders):
        merged.setdefault(holders[skill], skill)
    parts: list[tuple[set[str], list[str]]] = []
    for people, skill in merged.items():
        tied = [part for part in parts if part[0] & people]
        parts = [part for part in parts if not part[0] & people]
        everybody = set(people).union(*(part[0] for part in tied))
        parts.append((everybody, sorted([skill, *(name for part in tied for name in part[1])])))
    return sorted(names for _, names in parts)
