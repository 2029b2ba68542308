"""Looks up every id that one row uses for another thing: unresolved ones, ids given twice, and circles, by name."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from scheduler.horizon import WeeklyHours
from scheduler.inputs.cells import split_lag
from scheduler.inputs.columns import TABLES, Column
from scheduler.inputs.errors import Findings, Place, shown
from scheduler.inputs.policy import PolicyCells
from scheduler.inputs.tables import Row, Table

# Kind of thing -> the file and column its ids stand in.
_HOMES: Mapping[str, tuple[str, str]] = {
    "team": ("teams.csv", "team"),
    "service": ("services.csv", "service"),
    "group": ("redundancy.csv", "group"),
    "change": ("changes.csv", "change"),
    "past change": ("history.csv", "change"),
    "calendar": ("calendars.csv", "calendar"),
    "engineer": ("engineers.csv", "engineer"),
    "site": ("services.csv", "site"),
}
_TARGETS = {"service": ("service", "group"), "team": ("team",), "site": ("site",), "engineer": ("engineer",)}
_MOST_CIRCLES = 20
Edges = Mapping[str, Mapping[str, Place]]


@dataclass(slots=True)
class Tables:
    """Everything read but usage: the policy, the table of each CSV file by name, and the ids that repeat.

    The changes are those to be planned: of one that repeats, its occurrences.
    """

    policy: PolicyCells
    tables: Mapping[str, Table]
    repeated: frozenset[str] = frozenset()

    def __getitem__(self, file: str) -> Table:
        return self.tables[file]

    def known(self, *kinds: str) -> frozenset[str] | None:
        """Give the ids of some kinds of things, or None where one of their files could not be read in full."""
        found: set[str] = set()
        for kind in kinds:
            if kind == "*":
                found.add("*")
            elif kind == "service level":
                if not self.policy.whole:
                    return None
                found.update(self.policy.levels)
            else:
                file, column = _HOMES[kind]
                if not self[file].whole:
                    return None
                found.update(row[column] for row in self[file] if row[column] is not None)
        return frozenset(found)


def where(kinds: Iterable[str]) -> str:
    """Name the files in which some kinds of things stand.

    >>> where(("service", "group")), where(("service level",))
    ('services.csv or redundancy.csv', 'the service levels of policy.toml')
    """
    files = ["the service levels of policy.toml" if kind == "service level" else _HOMES[kind][0]
             for kind in kinds if kind != "*"]  # fmt: skip
    return " or ".join(files)


def check_references(tables: Tables, findings: Findings) -> None:
    """Report ids given twice, ids that lead nowhere, and circles."""
    _check_unique(tables, findings)
    for file, columns in TABLES.items():
        if file in tables.tables:
            for column in columns.values():
                if column.refers:
                    _check_column(tables, column, findings)
    for row in tables["calendars.csv"]:
        for target in row["applies_to"] or ():
            _check_target(tables, row, target, findings)
    _check_calendars(tables, findings)
    _check_circles(_needs(tables), "need each other in a circle; delete one of these links", findings)
    _check_circles(_waits(tables), "wait for each other in a circle; delete one of these links", findings)


# --- ids given twice ---------------------------------------------------------------------------------------------


def _check_unique(tables: Tables, findings: Findings) -> None:
    for file, columns in TABLES.items():
        for column in columns.values():
            if column.key and file in tables.tables:
                mend = "give one of them another id, or delete it"
                _check_pairs(tables[file], (column.name,), column.name, mend, findings)
    _check_pairs(tables["redundancy.csv"], ("group", "service"), "service", "delete one of the two rows", findings)
    _check_dependencies(tables["dependencies.csv"], findings)
    services = tables["services.csv"].by("service")
    for group, row in tables["redundancy.csv"].by("group").items():
        if group in services:
            text = f"{shown(group)} is a service too ({services[group].place()}); give the group an id of its own"
            findings.problem(row.place("group"), text)
    done = tables["history.csv"].by("change")
    for change, row in tables["changes.csv"].by("change").items():
        if change in done:
            text = f"{shown(change)} is done already ({done[change].place()}); it is planned again all the same"
            findings.warn(row.place("change"), text)


def _check_pairs(table: Table, key: tuple[str, ...], column: str, mend: str, findings: Findings) -> None:
    first: dict[tuple[Any, ...], Row] = {}
    for row in table:
        value = tuple(row[name] for name in key)
        if None in value:
            continue
        if value in first:
            what = shown(value[0]) if len(value) == 1 else f"{shown(value[0])} with {shown(value[1])}"
            findings.problem(row.place(column), f"{what} is in row {first[value].number} too; {mend}")
        first.setdefault(value, row)


def _check_dependencies(table: Table, findings: Findings) -> None:
    first: dict[tuple[str, str], Row] = {}
    for row in table:
        one = first.setdefault((row["service"], row["depends_on"]), row)
        if one is not row and None not in (row["service"], row["depends_on"]):
            what = f"{shown(row['service'])} with {shown(row['depends_on'])} is in row {one.number} too"
            if row["effect"] == one["effect"]:
                findings.warn(row.place("depends_on"), f"{what}, this row is ignored")
            else:
                text = f"{what}, with effect {one['effect']}; delete one of the two rows"
                findings.problem(row.place("effect"), text)


# --- ids that lead nowhere ---------------------------------------------------------------------------------------


def _check_column(tables: Tables, column: Column, findings: Findings) -> None:
    known = tables.known(*column.refers)
    if known is None:
        return
    groups = tables.known("group") or frozenset()
    for row in tables[column.file]:
        value = row[column.name]
        for piece in value if isinstance(value, tuple) else (value,) * (value is not None):
            name = resolve(piece, known) if column.type == "predecessors" else piece
            if name == row["change"] and "change" in column.refers and column.name != "change":
                findings.problem(row.place(column.name), f"{shown(piece)} is this change itself; delete it here")
            elif name not in known and name in groups:
                text = f"{shown(piece)} is a redundancy group; name services here, such as its members"
                findings.problem(row.place(column.name), text)
            elif name in tables.repeated and "change" in column.refers:
                text = f"{shown(name)} repeats; name one occurrence, such as {shown(_example(name, known))}"
                findings.problem(row.place(column.name), text)
            elif name not in known:
                others = known - {row["change"]}
                _unresolved(row.place(column.name), piece, name, others, column.refers, findings)


def _example(name: str, known: frozenset[str]) -> str:
    return min((one for one in known if one.startswith(f"{name}@")), default=f"{name}@2027-01-31")


def _unresolved(
    place: Place, piece: str, name: str, known: frozenset[str], kinds: Iterable[str], findings: Findings
) -> None:
    mend = findings.guess(name, known, "add it there, or correct it here")
    findings.problem(place, f"{shown(piece)} is not in {where(kinds)}{mend}")


def resolve(piece: str, known: Set[str]) -> str:
    """Give the change that a piece of `after` names: an id is taken whole before a pause is split off it."""
    return piece if piece in known else split_lag(piece)[0]


def _check_target(tables: Tables, row: Row, target: str, findings: Findings) -> None:
    kind, _, name = target.partition(":")
    if kind == "*":
        return
    kinds = _TARGETS[kind]
    known = tables.known(*kinds)
    if known is not None and name not in known:
        _unresolved(row.place("applies_to"), target, name, known, kinds, findings)


def _check_calendars(tables: Tables, findings: Findings) -> None:
    calendars = tables["calendars.csv"].by("calendar")
    for row in tables["changes.csv"]:
        for name in row["allowed"] or ():
            kind = calendars[name]["kind"] if name in calendars else None
            if kind not in (None, "allowed"):
                text = f"{shown(name)} is a calendar of kind {kind}; name one of kind allowed"
                findings.problem(row.place("allowed"), text)
    for row in tables["engineers.csv"]:
        works = row["works"]
        if works is None:
            continue
        if works in calendars:
            kind = calendars[works]["kind"]
            if kind not in (None, "working"):
                text = f"{shown(works)} is a calendar of kind {kind}; name one of kind working, or give weekly hours"
                findings.problem(row.place("works"), text)
        elif tables["calendars.csv"].whole and not _is_hours(works):
            mend = findings.guess(works, calendars, "write hours such as Mon-Fri 08:00-18:00, or add the calendar")
            findings.problem(row.place("works"), f"{shown(works)} is neither weekly hours nor in calendars.csv{mend}")


def _is_hours(text: str) -> bool:
    try:
        return bool(WeeklyHours.parse(text).spans)
    except ValueError:
        return False


# --- circles -----------------------------------------------------------------------------------------------------


def _needs(tables: Tables) -> Edges:
    """Give what each service and group needs: what it depends on, and the members of groups."""
    edges: dict[str, dict[str, Place]] = {}
    for file, source, target in (("dependencies.csv", "service", "depends_on"), ("redundancy.csv", "group", "service")):
        for row in tables[file]:
            if row[source] is not None and row[target] is not None:
                edges.setdefault(row[source], {}).setdefault(row[target], row.place(target))
    return edges


def _waits(tables: Tables) -> Edges:
    """Give what each change comes after; changes that start together wait as one, under their joint name."""
    groups = starting_together(tables["changes.csv"])
    edges: dict[str, dict[str, Place]] = {}
    for row in tables["changes.csv"]:
        for piece in row["after"] or ():
            before = resolve(piece, groups.keys())
            if row["change"] in groups and before in groups and groups[before] != groups[row["change"]]:
                one, other = (" with ".join(groups[change]) for change in (row["change"], before))
                edges.setdefault(one, {}).setdefault(other, row.place("after"))
    return edges


def starting_together(changes: Table) -> dict[str, tuple[str, ...]]:
    """Give every change those that start with it, directly or through others: itself included, in their order."""
    groups: dict[str, list[str]] = {change: [change] for change in changes.by("change")}
    for row in changes:
        for other in row["same_window_as"] or ():
            mine, theirs = groups.get(row["change"]), groups.get(other)
            if mine is not None and theirs is not None and mine is not theirs:
                # The smaller joins the larger, as chains may be long.
                less, more = sorted((mine, theirs), key=len)
                more += less
                groups.update(dict.fromkeys(less, more))
    order = {change: number for number, change in enumerate(groups)}
    whole = {id(group): group for group in groups.values()}
    found = {number: tuple(sorted(group, key=order.__getitem__)) for number, group in whole.items()}
    return {change: found[id(group)] for change, group in groups.items()}


def _check_circles(edges: Edges, text: str, findings: Findings) -> None:
    """Report circles, each in full; one link of each found is left out before looking for the next."""
    left = {node: dict(targets) for node, targets in edges.items()}
    for _ in range(_MOST_CIRCLES):
        try:
            TopologicalSorter(left).prepare()
        except CycleError as error:
            # graphlib gives the circle from what is needed to what needs it.
            circle = list(reversed(error.args[1]))
            place = left[circle[0]].pop(circle[1])
            findings.problem(place, f"{' → '.join(map(shown, circle))} {text}")
        else:
            return
