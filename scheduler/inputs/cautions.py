"""Named warnings about a portfolio that can be planned, but perhaps not as its author expects."""

from collections.abc import Iterable, Mapping

import numpy as np

from scheduler.inputs.errors import Findings, Place, and_more, several, shown
from scheduler.inputs.pairs import Pair, runs
from scheduler.inputs.references import Tables
from scheduler.inputs.tables import Row
from scheduler.portfolio import Impact, Portfolio

Note = tuple[Place, str]
_MOST = 10
_FELT = (Impact.OUTAGE, Impact.DEGRADED)


def caution(portfolio: Portfolio, tables: Tables, findings: Findings) -> None:
    """Warn of teams that cannot be told, services that nobody uses, usage that is assumed, and unknown engineers."""
    found = runs(portfolio)
    known = np.concatenate(([0], np.cumsum(portfolio.usage["users"].notna().to_numpy())))[found.begin]
    recorded = {found.pairs[pair] for pair, count in zip(found.pair, np.diff(known), strict=True) if count}
    users = _users(portfolio, found.pairs)
    behind = _behind(portfolio)
    _caution_contacts(portfolio, tables, users, behind, findings)
    _caution_unused(portfolio, tables, users, behind, findings)
    _caution_assumed(portfolio, tables, recorded, findings)
    needing = [row for row in tables["changes.csv"] if row["skills"]]
    if portfolio.engineers is None and needing:
        text = f"there is no engineers.csv, so nobody checks that people are free{and_more(len(needing))}"
        findings.warn(needing[0].place("skills"), text)


def _users(portfolio: Portfolio, recorded: Iterable[Pair]) -> Mapping[str, set[str]]:
    """Give the teams that use each service or group, by recorded usage or by what they say."""
    users: dict[str, set[str]] = {}
    for team in portfolio.teams.values():
        for service in team.uses:
            users.setdefault(service, set()).add(team.id)
    for name, service in recorded:
        users.setdefault(service, set()).add(name)
    return users


def _behind(portfolio: Portfolio) -> Mapping[str, set[str]]:
    """Give what may feel the loss of each service: itself and all that needs it, directly or not."""
    needed_by: dict[str, list[str]] = {}
    for edge in portfolio.dependencies:
        needed_by.setdefault(edge.depends_on, []).append(edge.service)
    for group in portfolio.groups.values():
        for member in group.members:
            needed_by.setdefault(member, []).append(group.id)
    reached: dict[str, set[str]] = {}
    for service in portfolio.services:
        found, left = {service}, [service]
        while left:
            new = [node for node in needed_by.get(left.pop(), ()) if node not in found]
            found.update(new)
            left += new
        reached[service] = found
    return reached


def _caution_contacts(
    portfolio: Portfolio,
    tables: Tables,
    users: Mapping[str, set[str]],
    behind: Mapping[str, set[str]],
    findings: Findings,
) -> None:
    felt: dict[str, list[str]] = {}
    for change in portfolio.changes.values():
        if change.impact in _FELT:
            nodes = set().union(*(behind[service] for service in change.services))
            for name in set().union(*(users.get(node, set()) for node in nodes)):
                felt.setdefault(name, []).append(change.id)
    notes: list[Note] = []
    for row in tables["teams.csv"]:
        team = portfolio.teams[row["team"]]
        if team.id in felt and not team.contact and not team.email:
            text = f"{shown(team.id)} has neither contact nor email, and may be affected by {several(felt[team.id], 3)}"
            notes.append((row.place("contact"), f"{text}; nobody can be told"))
    _warn(notes, "neither contact nor email here either", findings)


def _caution_unused(
    portfolio: Portfolio,
    tables: Tables,
    users: Mapping[str, set[str]],
    behind: Mapping[str, set[str]],
    findings: Findings,
) -> None:
    listing: dict[str, list[Row]] = {}
    for row in tables["changes.csv"]:
        for service in row["services"]:
            if not any(users.get(node) for node in behind[service]):
                listing.setdefault(service, []).append(row)
    notes: list[Note] = []
    for row in tables["services.csv"]:
        if row["service"] not in listing and not any(users.get(node) for node in behind[row["service"]]):
            text = f"nobody is said to use {shown(row['service'])} or anything that needs it"
            notes.append((row.place("service"), text))
    _warn(notes, "nobody is said to use this service or anything that needs it either", findings)
    notes = []
    for service, rows in listing.items():
        text = f"nobody is said to use {shown(service)} or anything that needs it, so its outage costs nothing"
        notes.append((rows[0].place("services"), f"{text}{and_more(len(rows))}"))
    _warn(notes, "nobody is said to use a service here either", findings)


def _caution_assumed(portfolio: Portfolio, tables: Tables, recorded: set[Pair], findings: Findings) -> None:
    notes: list[Note] = []
    for row in tables["teams.csv"]:
        team = portfolio.teams[row["team"]]
        missing = [service for service in team.uses if (team.id, service) not in recorded]
        if missing and team.headcount is None:
            text = f"no usage of {several(missing)} is recorded for {shown(team.id)}, and no headcount; it is assumed"
            notes.append((row.place("uses"), text))
    _warn(notes, "usage is assumed here too", findings)


def _warn(notes: list[Note], again: str, findings: Findings) -> None:
    """Pass on the first warnings of one kind, and for the rest what they say `again` and their number."""
    for place, text in notes[:_MOST]:
        findings.warn(place, text)
    rest = notes[_MOST:]
    if rest:
        findings.warn(rest[0][0], f"{again}{and_more(len(rest))}")
