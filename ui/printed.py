"""Pages to print, or to send as one file: the forward schedule of change, and the minutes of a meeting."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from scheduler.desk.docket import Matter
from scheduler.desk.entries import Entry
from scheduler.desk.writing import PAST
from scheduler.horizon import Window
from scheduler.wording import instant_text, listing, money_text, window_text

from .desk import Moment
from .dockets import cents_by_change, moved_to
from .heat import row_labels
from .review import Plan
from .templating import template
from .theme import DARK, FONT, LIGHT, css_variables

FORWARD = ("Change", "Type", "What", "State", "Window", "Impact", "Services", "Teams", "Asked for by", "Engineers",
           "Costs clients")  # fmt: skip
MINUTES = ("When", "Who", "What", "Change", "Window", "Why")
RECORDED = ("approve", "reject", "defer", "move", "withdraw", "pin", "unpin", "hold", "release", "cancel", "answer",
            "comment", "object", "propose")  # fmt: skip
"""What the minutes of a meeting hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A table of a page: its title, heads and rows of texts; `numbers` are the heads of columns with amounts."""

    title: str = ""
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    none: str
    numbers: Sequence[str] = ()


def forward_schedule(plan: Plan, moment: Moment, matters: Iterable[Matter], now: datetime) -> bytes:
    """Give the approved changes and those that are proposed, in order of time, as a page to print (HTML, UTF-8).

    Its columns are those that change managers know from forward schedules of change; the price is our own.
    """
    zone = plan.portfolio.policy.time_zone
    found = sorted(
        (one for one in matters if one.planned is not None and one.planned.reserved_until > now), key=_by_start
    )
    approved = [_row(plan, moment, one, zone) for one in found if one.proposal is None]
    proposed = [_row(plan, moment, one, zone) for one in found if one.proposal is not None]
    return printed_page(
        "Forward schedule of change",
        plan.portfolio.policy.name,
        f"As of {instant_text(now, zone)}; times are local in {zone}.",
        [
            Part(title="Approved", heads=FORWARD, rows=approved, none="Nothing is approved.", numbers=FORWARD[-1:]),
            Part(title="Proposed", heads=FORWARD, rows=proposed, none="Nothing is proposed.", numbers=FORWARD[-1:]),
        ],
    )


def minutes(plan: Plan, moment: Moment, log: Iterable[Entry], begun: datetime, now: datetime) -> bytes:
    """Give what was decided and said in a meeting, as a page to print (HTML, UTF-8)."""
    zone = plan.portfolio.policy.time_zone
    rows = [
        (
            instant_text(one.at, zone),
            moment.name_of(one.by),
            PAST.get(one.action, one.action),
            one.change or "",
            moved_to(one, zone),
            one.reason,
        )
        for one in log
        if one.action in RECORDED
    ]
    return printed_page(
        "Minutes of the change advisory board",
        plan.portfolio.policy.name,
        f"From {instant_text(begun, zone)} to {instant_text(now, zone)}.",
        [Part(heads=MINUTES, rows=rows, none="Nothing was decided.")],
    )


def _by_start(one: Matter) -> tuple[datetime, str]:
    assert one.planned is not None
    return one.planned.start, one.change


def _row(plan: Plan, moment: Moment, one: Matter, zone: str) -> tuple[str, ...]:
    known = moment.portfolio.changes if moment.portfolio is not None else {}
    change, planned, placement = known.get(one.change), one.planned, plan.placed.get(one.change)
    assert planned is not None
    services, teams = row_labels(plan.portfolio, "service"), row_labels(plan.portfolio, "team")
    cents = cents_by_change(plan).get(one.change)
    engineers = sorted({shift.engineer for shift in placement.engineers}) if placement else []
    flags = f" ({', '.join(one.flags)})" if one.flags else ""
    return (
        one.change,
        one.row["type"],
        change.title if change else "",
        f"{one.row['state']}{flags}",
        window_text(Window(planned.start, planned.reserved_until), zone),
        change.impact.value if change else "",
        ", ".join(services.get(service, service) for service in change.services) if change else "",
        listing([teams.get(team, team) for team in one.row["teams"]], 6),
        one.row["requested_by"],
        ", ".join(engineers),
        "" if cents is None else money_text(cents, plan.portfolio.policy.currency),
    )


def printed_page(heading: str, name: str, about: str, parts: Sequence[Part]) -> bytes:
    """Give tables as a page to print (HTML, UTF-8); every text in it is shown as text."""
    text = template("board.html").render(
        heading=heading,
        name=name,
        about=about,
        parts=list(parts),
        font=FONT,
        light=css_variables(LIGHT),
        dark=css_variables(DARK),
    )
    return text.encode("utf-8", "replace")
