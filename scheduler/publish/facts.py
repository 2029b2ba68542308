"""What a team has to know of a window, not yet in any language: letters are written of it, and nothing else.

The title of the change is not among it: it is written for those who do the work.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduler.portfolio import Portfolio
from scheduler.publish.plain_text import one_line
from scheduler.schedule import Placement, notice_given


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One window as one team meets it: what is unavailable and what limited, by name, and the words of the portfolio.

    `used_for` pairs names of services with what they are used for; `owners` look after them; `desk` is the address of
    those who plan. `told_on` is there where that was later than the `promised_days` before.
    """

    team: str
    zone: str
    start: datetime
    end: datetime
    reserved_until: datetime
    unavailable: tuple[str, ...] = ()
    limited: tuple[str, ...] = ()
    notice: str = ""
    used_for: tuple[tuple[str, str], ...] = ()
    workaround: str = ""
    why: str = ""
    owners: tuple[str, ...] = ()
    desk: str = ""
    promised_days: int = 0
    told_on: datetime | None = None


def team_facts(
    portfolio: Portfolio,
    placement: Placement,
    team: str,
    nodes: Sequence[str],
    names: tuple[Sequence[str], Sequence[str]],
) -> Facts:
    """Gather what a team has to know; `nodes` are what it feels of the work, `names` those out and those degraded."""
    change, services = portfolio.changes[placement.change], portfolio.services
    known = [services[node] for node in nodes if node in services]
    uses = [(one_line(one.name or one.id), one_line(one.used_for)) for one in known]
    promised = portfolio.notice_days(team)
    late = promised is not None and notice_given(portfolio, placement, team) < promised
    return Facts(
        team=one_line(portfolio.teams[team].name or team),
        zone=portfolio.teams[team].time_zone,
        start=placement.start,
        end=placement.end,
        reserved_until=placement.reserved_until,
        unavailable=tuple(names[0]),
        limited=tuple(names[1]),
        notice=one_line(change.what_you_will_notice),
        used_for=tuple(pair for pair in uses if pair[1]),
        workaround=one_line(change.workaround),
        why=one_line(change.why),
        owners=tuple(dict.fromkeys(one_line(one.owner) for one in known if one_line(one.owner))),
        desk=one_line(portfolio.policy.organizer),
        promised_days=promised or 0 if late else 0,
        told_on=(placement.announced_at or portfolio.now) if late else None,
    )
