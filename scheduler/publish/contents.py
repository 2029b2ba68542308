"""What a calendar says of a window, to whom: a team, those who answer for a service, an engineer, or everybody.

Plain words, local times, nothing of what it costs. Only what the portfolio and the placement hold goes in, so that the
same window is always told in the same words.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, get_args

import numpy as np

from scheduler.demand.topology import affected_teams, clients, effects
from scheduler.demand.usage import expected_users
from scheduler.horizon import Window
from scheduler.portfolio import Impact, Portfolio
from scheduler.publish.facts import Facts, team_facts
from scheduler.publish.languages import language_of
from scheduler.publish.plain_text import one_line
from scheduler.schedule import Placement, notice_given
from scheduler.wording import day_text, instant_text, listing, window_text

Kind = Literal["team", "service", "engineer", "all", "blackouts"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_ORDER = list(Impact)
_MEANING = {
    Impact.OUTAGE: "unavailable",
    Impact.DEGRADED: "limited",
    Impact.REDUCED_REDUNDANCY: "without its spare",
    Impact.NO_IMPACT: "not affected",
}


class Status(StrEnum):
    """Where a window stands, in the words of the MAINTNOTE calendar standard."""

    TENTATIVE = "TENTATIVE"
    CONFIRMED = "CONFIRMED"
    IN_PROCESS = "IN-PROCESS"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


_STANDING = {
    Status.TENTATIVE: "This is a proposal: the time is not settled yet and may change.",
    Status.CANCELLED: "This is cancelled: nothing will be done at this time.",
    Status.IN_PROCESS: "The work is under way.",
    Status.COMPLETED: "The work is done.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The words of one entry: `objects` are what is affected, by id; `account` is for whom it is written.

    `apology` is said only while the window stands. `facts` are the same for a team, in no language yet.
    """

    summary: str
    apology: str = ""
    lines: tuple[str, ...] = ()
    impact: Impact = Impact.NO_IMPACT
    objects: tuple[tuple[str, Impact], ...] = ()
    contact: str = ""
    location: str = ""
    organizer: str = ""
    account: str = ""
    link: str = ""
    facts: Facts | None = field(default=None, compare=False)


def contents(portfolio: Portfolio, placement: Placement) -> Mapping[tuple[Kind, str], Content]:
    """Give what is said of a window by the feed of everybody it concerns; nothing of a change that is not there."""
    change = portfolio.changes.get(placement.change)
    if change is None:
        return {}
    found: dict[tuple[Kind, str], Content] = {("all", ""): work_content(portfolio, placement)}
    for team in affected_teams(portfolio, change.id):
        if team in portfolio.teams:
            found["team", team] = team_content(portfolio, placement, team)
    for service in _impacts(portfolio, change.id):
        found["service", service] = _for_service(portfolio, placement, service)
    for engineer in dict.fromkeys(one.engineer for one in placement.engineers):
        found["engineer", engineer] = _for_engineer(portfolio, placement, engineer)
    return found


def standing_text(status: Status) -> str:
    """Say where a window stands, where there is something to say."""
    return _STANDING.get(status, "")


def name_of(portfolio: Portfolio, node: str) -> str:
    """Give the name in full of a service or group."""
    service = portfolio.services.get(node)
    return (one_line(service.name) if service else "") or one_line(node)


def title_of(portfolio: Portfolio, kind: Kind, scope: str) -> str:
    """Give the name of a feed's calendar."""
    if kind == "team":
        team = portfolio.teams.get(scope)
        return f"Maintenance for {(one_line(team.name) if team else '') or one_line(scope)}"
    if kind == "service":
        return f"Maintenance of {name_of(portfolio, scope)}"
    if kind == "engineer":
        return f"Maintenance work of {one_line(scope)}"
    name = one_line(portfolio.policy.name)
    return f"Forward schedule of {name}" if kind == "all" else f"Change freezes of {name}"


def scopes(portfolio: Portfolio, kind: Kind) -> tuple[str, ...]:
    """List what feeds of a kind there can be; `all` and `blackouts` have one each, of the empty name."""
    if kind == "team":
        return tuple(portfolio.teams)
    if kind == "service":
        return tuple(portfolio.services)
    if kind == "engineer":
        return tuple(portfolio.engineers or ())
    return ("",)


# --- a team --------------------------------------------------------------------------------------------------------


def team_content(portfolio: Portfolio, placement: Placement, team: str) -> Content:
    """Give what a team is told of a window that puts out or degrades something it uses."""
    out, degraded = _felt(portfolio, placement.change, team)
    names = [name_of(portfolio, node) for node in out], [name_of(portfolio, node) for node in degraded]
    said = [f"{listing(names[0], 3)} unavailable"] if out else []
    said += [f"{listing(names[1], 3)} limited"] if degraded else []
    contact = _contact(portfolio, [*out, *degraded])
    lines = [
        *_team_lines(portfolio, placement, team, names),
        *_texts(portfolio, placement.change, [*out, *degraded]),
        *_why_then(portfolio, placement, team),
        *([f"Questions, or a time that suits you better: {contact}"] if contact else []),
    ]
    lines += language_of("en").in_plain_words(*said, *lines)
    return Content(
        summary=", ".join(said),
        apology=_apology(portfolio, placement, team),
        lines=tuple(lines),
        impact=Impact.OUTAGE if out else Impact.DEGRADED,
        objects=(*((node, Impact.OUTAGE) for node in out), *((node, Impact.DEGRADED) for node in degraded)),
        contact=contact,
        location=_sites(portfolio, [*out, *degraded]),
        organizer=portfolio.policy.organizer,
        account=team,
        facts=team_facts(portfolio, placement, team, [*out, *degraded], names),
    )


def _felt(portfolio: Portfolio, change: str, team: str) -> tuple[list[str], list[str]]:
    """List what is out and what is degraded for a team, of all it uses."""
    effect, users = effects(portfolio)[change], clients(portfolio)
    return (
        [node for node in sorted(effect.out) if team in users.get(node, ())],
        [node for node in sorted(effect.degraded) if team in users.get(node, ())],
    )


def _team_lines(
    portfolio: Portfolio, placement: Placement, team: str, names: tuple[list[str], list[str]]
) -> Iterator[str]:
    zone = portfolio.teams[team].time_zone
    out, degraded = names
    if out:
        yield f"{listing(out)} will be unavailable."
    if degraded:
        yield f"{listing(degraded)} will work, but slowly or with parts missing."
    yield f"When: {window_text(placement.reserved, zone)} (local time in {zone})."
    if placement.end < placement.reserved_until:
        yield (
            f"We expect it to be over by {instant_text(placement.end, zone)}; the rest of the time is kept in case "
            "the work takes longer."
        )


def _texts(portfolio: Portfolio, id: str, nodes: Sequence[str]) -> Iterator[str]:
    change = portfolio.changes[id]
    texts = [("What you will notice", change.what_you_will_notice)]
    for node in nodes:
        if node in portfolio.services:
            texts.append((f"What {name_of(portfolio, node)} is used for", portfolio.services[node].used_for))
    texts += [("What you can do meanwhile", change.workaround), ("Why", change.why)]
    return (f"{label}: {one_line(text)}" for label, text in texts if one_line(text))


def _apology(portfolio: Portfolio, placement: Placement, team: str) -> str:
    promised = portfolio.notice_days(team)
    if promised is None or notice_given(portfolio, placement, team) >= promised:
        return ""
    told = day_text(placement.announced_at or portfolio.now, portfolio.teams[team].time_zone)
    return (
        f"We are sorry for the short notice: you were promised {promised} days, but this is announced only on {told}."
    )


def _contact(portfolio: Portfolio, nodes: Sequence[str]) -> str:
    owners = [one_line(portfolio.services[node].owner) for node in nodes if node in portfolio.services]
    people = [*owners, one_line(portfolio.policy.organizer)]
    return " or ".join(dict.fromkeys(person for person in people if person))


def _sites(portfolio: Portfolio, nodes: Sequence[str]) -> str:
    sites = [one_line(portfolio.services[node].site) for node in nodes if node in portfolio.services]
    return ", ".join(dict.fromkeys(site for site in sites if site))


def _why_then(portfolio: Portfolio, placement: Placement, team: str) -> Iterator[str]:
    """Say how few of a team need what is hit in a window, where that is less than half of its busiest slot."""
    horizon = portfolio.horizon
    first, last = horizon.floor(placement.start), horizon.ceil(placement.end)
    out, degraded = _felt(portfolio, placement.change, team)
    users = expected_users(portfolio)
    rows = [np.asarray(users[team, node], dtype=np.int64) for node in (*out, *degraded) if (team, node) in users]
    if not rows or not 0 <= first < last <= horizon.slots:
        return
    together = np.sum(rows, axis=0)
    then, most = (int(together[first:last].mean()) + 500) // 1000, (int(together.max()) + 500) // 1000
    if then * 2 < most:
        people = "hardly anybody" if then == 0 else f"about {then:,}"
        yield f"Why then: we expect {people} of you to need it at that time, against {most:,} at the busiest."


# --- those who do the work -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Work:
    """The same work, seen by whoever does it or answers for it."""

    portfolio: Portfolio
    placement: Placement

    @property
    def title(self) -> str:
        """The title of the change with its id."""
        change = self.portfolio.changes[self.placement.change]
        return " ".join(filter(None, [one_line(change.title), f"({one_line(change.id)})"]))

    def lines(self, zone: str, first: Sequence[str] = ()) -> tuple[str, ...]:
        """Give the description, in local times of a zone, some lines of it `first`."""
        return (*first, *self._rest(zone))

    def _rest(self, zone: str) -> Iterator[str]:
        portfolio, placement = self.portfolio, self.placement
        change, effect = portfolio.changes[placement.change], effects(portfolio)[placement.change]
        yield f"When: {window_text(placement.reserved, zone)} (local time in {zone})."
        if placement.end < placement.reserved_until:
            over = instant_text(placement.end, zone)
            yield f"Expected to be over by {over}; the rest is kept in case it takes longer."
        yield f"Work on: {listing([name_of(portfolio, one) for one in change.services])}"
        for label, nodes in (("Unavailable", effect.out), ("Limited", effect.degraded)):
            if nodes:
                yield f"{label}: {listing([name_of(portfolio, one) for one in sorted(nodes)])}"
        teams = [one_line(portfolio.teams[one].name or one) for one in affected_teams(portfolio, change.id)]
        yield f"Affected: {listing(teams) or 'nobody'}"
        if placement.engineers:
            yield f"Engineers: {listing([f'{one.engineer} ({one.skill})' for one in placement.engineers])}"
        for label, text in (("Why", change.why), ("Requested by", change.requested_by)):
            if one_line(text):
                yield f"{label}: {one_line(text)}"


def _impacts(portfolio: Portfolio, change: str) -> Mapping[str, Impact]:
    """Give what a change means for every node it concerns, itself listed or hit through others."""
    effect = effects(portfolio)[change]
    found = dict.fromkeys(sorted({*portfolio.changes[change].services, *effect.touches}), Impact.NO_IMPACT)
    for nodes, impact in (
        (effect.reduced, Impact.REDUCED_REDUNDANCY),
        (effect.degraded, Impact.DEGRADED),
        (effect.out, Impact.OUTAGE),
    ):
        found |= dict.fromkeys(sorted(nodes), impact)
    return found


def _worst(impacts: Mapping[str, Impact]) -> Impact:
    return max(impacts.values(), key=_ORDER.index, default=Impact.NO_IMPACT)


def work_content(portfolio: Portfolio, placement: Placement) -> Content:
    """Give what everybody who plans and does the work is told of a window."""
    work, impacts = _Work(portfolio, placement), _impacts(portfolio, placement.change)
    listed = portfolio.changes[placement.change].services
    return Content(
        summary=work.title,
        lines=work.lines(portfolio.policy.time_zone),
        impact=_worst(impacts),
        objects=tuple(impacts.items()),
        contact=_contact(portfolio, listed),
        location=_sites(portfolio, listed),
        organizer=portfolio.policy.organizer,
        account=portfolio.policy.name,
    )


def _for_service(portfolio: Portfolio, placement: Placement, service: str) -> Content:
    work, impact = _Work(portfolio, placement), _impacts(portfolio, placement.change)[service]
    known = portfolio.services.get(service)
    name = name_of(portfolio, service)
    meaning = "expected not to be affected" if impact is Impact.NO_IMPACT else _MEANING[impact]
    return Content(
        summary=f"{name} {_MEANING[impact]}: {work.title}",
        lines=work.lines(known.time_zone if known else portfolio.policy.time_zone, [f"{name} is {meaning}."]),
        impact=impact,
        objects=((service, impact),),
        contact=_contact(portfolio, [service]),
        location=_sites(portfolio, [service]),
        organizer=portfolio.policy.organizer,
        account=service,
    )


def _for_engineer(portfolio: Portfolio, placement: Placement, engineer: str) -> Content:
    work, impacts = _Work(portfolio, placement), _impacts(portfolio, placement.change)
    change = portfolio.changes[placement.change]
    known = (portfolio.engineers or {}).get(engineer)
    zone = known.time_zone if known else portfolio.policy.time_zone
    lengths = [f"Planned: {change.duration_minutes} min, up to {change.duration_p90_minutes} min"]
    if change.backout_minutes:
        lengths.append(f"{change.backout_minutes} min to undo it")
    mine = [
        f"You ({one_line(one.skill)}): {window_text(Window(one.start, one.end), zone)}"
        for one in placement.engineers
        if one.engineer == engineer
    ]
    lines = work.lines(zone, [*mine, f"{', then '.join(lengths)}."])
    after = [one_line(one.change) for one in change.after]
    if after:
        lines += (f"Only after: {listing(after)}",)
    if one_line(change.description):
        lines += (f"Details: {one_line(change.description)}",)
    return Content(
        summary=work.title,
        lines=lines,
        impact=_worst(impacts),
        objects=tuple(impacts.items()),
        contact=_contact(portfolio, change.services),
        location=_sites(portfolio, change.services),
        organizer=portfolio.policy.organizer,
        account=engineer,
    )
