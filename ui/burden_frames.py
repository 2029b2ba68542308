"""What a plan asks of each team, beside its share: frames for the page of teams."""

from fractions import Fraction
from typing import Any

import pandas as pd

from scheduler.demand.burden import burdens, sizes
from scheduler.demand.topology import affected_teams
from scheduler.schedule import CLIENT_COSTS
from scheduler.wording import instant_text

from .frames import frame, money
from .heat import row_labels
from .per_plan import per_plan
from .review import Plan
from .text import visible

TEAM_COLUMNS = (
    "team", "name", "service_level", "time_zone", "windows", "next", "cents", "cost", "share", "share_text",
    "notice_days", "contact",
)  # fmt: skip


@per_plan
def team_burdens(plan: Plan) -> pd.DataFrame:
    """Give one row per team with `TEAM_COLUMNS`, those that bear most for their size first.

    `share` is burden over size divided by that of all teams together: 1 where a team loses its share, 2 where it loses
    twice that; missing for teams whose services cost nothing when they are out. `next` is the start of its next window
    in its own time.
    """
    portfolio = plan.portfolio
    lost = dict.fromkeys(portfolio.teams, 0)
    for charge in plan.result.charges:
        if charge.cost in CLIENT_COSTS and charge.team in lost:
            lost[charge.team] += charge.cents
    size, burden = sizes(portfolio), burdens(portfolio, plan.result.charges)
    worth = sum(size.values())
    fair = Fraction(sum(lost[team] for team in size), worth) if worth else Fraction(0)
    coming: dict[str, list[str]] = {}
    counted = dict.fromkeys(portfolio.teams, 0)
    for placement in sorted(plan.result.schedule.placements, key=lambda one: one.start):
        for team in affected_teams(portfolio, placement.change):
            counted[team] += 1
            if placement.start >= portfolio.now:
                coming.setdefault(team, []).append(instant_text(placement.start, portfolio.teams[team].time_zone))
    names = row_labels(portfolio, "team")
    rows: list[dict[str, Any]] = []
    for id, one in portfolio.teams.items():
        share = float(burden[id] / fair) if id in burden and fair else None
        rows.append(
            {
                "team": id,
                "name": names[id],
                "service_level": visible(one.service_level),
                "time_zone": one.time_zone,
                "windows": counted[id],
                "next": coming.get(id, [""])[0],
                "cents": lost[id],
                "cost": money(portfolio, lost[id]),
                "share": share,
                "share_text": "" if share is None else f"{share:.2f} × its share",
                "notice_days": portfolio.notice_days(id),
                "contact": visible(one.contact),
            }
        )
    rows.sort(key=lambda row: (-(row["share"] or 0), row["name"]))
    return frame(TEAM_COLUMNS, rows)
