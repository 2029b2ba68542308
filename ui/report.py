"""The report of a plan: one page without script or links outwards, to be forwarded, printed and kept.

Everything on it is in the page itself; it follows the light or dark mode of whoever reads it. Numbers are those of
`schedule.json` and `charges.csv`: each carries its cents, and says which figure it is, in attributes of its element.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from markupsafe import Markup

from scheduler.demand.topology import affected_teams
from scheduler.demand.usage import assumed
from scheduler.explain import explain
from scheduler.explanation import Explanation, rules_text, untold, why_text
from scheduler.horizon import Window, wall_to_utc
from scheduler.portfolio import Portfolio
from scheduler.schedule import CLIENT_COSTS, Charge, Placement, Result
from scheduler.summary import HABIT_NAMES, count_text, fairness_text, proof_text, saves_text, tail_text
from scheduler.wording import day_text, instant_text, listing, window_text

from . import heat, pictures, tables
from .frames import local_time
from .templating import template
from .text import visible
from .theme import DARK, FONT, LIGHT, css_variables, state_text

MOST_REASONS = 500
CARD_HABITS = ("first_come", "sunday_0200", "earliest")


def report(result: Result) -> bytes:
    """Write the report of a result with the reasons for its windows, the `MOST_REASONS` costliest of very many."""
    if result.objective_cents is None:
        return render(result)
    cents: Counter[str] = Counter()
    for charge in result.charges:
        cents[charge.change] += charge.weighted_cents
    changes = list(result.portfolio.changes)
    if len(changes) > MOST_REASONS:
        costliest = set(sorted(changes, key=lambda change: -cents[change])[:MOST_REASONS])
        changes = [change for change in changes if change in costliest]
    return render(result, explain(result.portfolio, result.schedule, changes))


def render(result: Result, explanations: Iterable[Explanation] = ()) -> bytes:
    """Write the report of a result as HTML in UTF-8; the same result gives the same bytes.

    Changes are explained in the order given. A result without a schedule gets a page that says so.
    """
    page = template("report.html").render(_content(result, list(explanations)))
    return page.encode("utf-8", "xmlcharrefreplace")


def _content(result: Result, explanations: list[Explanation]) -> dict[str, Any]:
    portfolio, policy = result.portfolio, result.portfolio.policy
    zone = policy.time_zone
    content: dict[str, Any] = {
        "result": result,
        "portfolio": portfolio,
        "policy": policy,
        "planned": result.objective_cents is not None,
        "zone": zone,
        "weeks": count_text(policy.weeks, "week"),
        "horizon": window_text(portfolio.horizon.window, zone),
        "now": instant_text(portfolio.now, zone),
        "assumed": [_pair(portfolio, *pair) for pair in sorted(assumed(portfolio))],
        "font": Markup(FONT),
        "light": Markup(css_variables(LIGHT)),
        "dark": Markup(css_variables(DARK)),
        "currency": policy.currency,
    }
    if result.objective_cents is not None:
        content |= _of_plan(result, explanations)
    return content


def _of_plan(result: Result, explanations: list[Explanation]) -> dict[str, Any]:
    portfolio = result.portfolio
    savings, teams = tables.savings(result), tables.charges_by_team(result)
    first_come = result.baselines.get("first_come")
    states = Counter(tables.state_of(portfolio, one) for one in result.schedule.placements)
    numbers = {change: number for number, change in enumerate(portfolio.changes)}
    explained = {one.change for one in explanations}
    charges: dict[str, list[Charge]] = {change: [] for change in portfolio.changes}
    for charge in result.charges:
        charges[charge.change].append(charge)
    return {
        "proof": proof_text(result),
        "fairness": fairness_text(result),
        "minded": tail_text(result),
        "placed": count_text(len(result.schedule.placements), "window"),
        "states": listing([f"{number} {state}" for state, number in states.items()]),
        "first_come": None if first_come is None or first_come.violations else {
            "saved_cents": first_come.cost_cents - result.cost_cents,
            "word": "less" if first_come.cost_cents >= result.cost_cents else "more",
        },
        "cards": [{"label": HABIT_NAMES[name], "text": saves_text(result, result.baselines[name])}
                  for name in CARD_HABITS if name in result.baselines],
        "savings": _records(savings) if result.baselines else [],
        "teams": _records(teams),
        "parts": _records(tables.parts(result)),
        "pictures": {
            "savings": pictures.savings(result, savings),
            "hours": pictures.hours(result),
            "forecast": pictures.forecast(result),
            "teams": pictures.teams(result, teams),
        },
        "calendar": list(_calendar(result, numbers, explained)),
        "whys": [_why(portfolio, one, numbers[one.change], charges[one.change]) for one in explanations],
        "done": not portfolio.done.isdisjoint(portfolio.changes),
        "unplaced": [
            {"change": one.change, "title": portfolio.changes[one.change].title, "reason": one.reason,
             "drop_cents": one.drop_cents}
            for one in result.unplaced
        ],
    }  # fmt: skip


# --- windows -----------------------------------------------------------------------------------------------------


def _calendar(result: Result, numbers: Mapping[str, int], explained: set[str]) -> Iterator[dict[str, Any]]:
    """Give the windows week by week, each week with its drawing."""
    portfolio, zone = result.portfolio, result.portfolio.policy.time_zone
    drawn = tables.windows(result)
    client_cents: Counter[str] = Counter()
    for charge in result.charges:
        if charge.cost in CLIENT_COSTS:
            client_cents[charge.change] += charge.cents
    weeks: dict[datetime, list[dict[str, Any]]] = {}
    for row in _records(tables.schedule_table(result)):
        change = row["change"]
        row["number"] = numbers[change] if change in explained else None
        row["client_cents"] = client_cents[change]
        row["elsewhere"] = list(_elsewhere(portfolio, result.schedule.by_change[change]))
        weeks.setdefault(_monday(row["start"].to_pydatetime(), zone), []).append(row)
    for number, (monday, rows) in enumerate(weeks.items()):
        yield {
            "label": day_text(wall_to_utc(monday, zone), zone),
            "picture": pictures.week(result, drawn, monday, first=number == 0),
            "rows": rows,
        }


def _monday(instant: datetime, zone: str) -> datetime:
    day = local_time(instant, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())


def _elsewhere(portfolio: Portfolio, placement: Placement) -> Iterator[str]:
    """Give a window in the zones of the teams it affects, where clocks there show something else."""
    shown = {window_text(placement.reserved, portfolio.policy.time_zone)}
    for zone in sorted({portfolio.teams[team].time_zone for team in affected_teams(portfolio, placement.change)}):
        text = window_text(placement.reserved, zone)
        if text not in shown:
            shown.add(text)
            yield f"{zone.rpartition('/')[2].replace('_', ' ')}: {text}"


# --- reasons -----------------------------------------------------------------------------------------------------


def _why(portfolio: Portfolio, one: Explanation, number: int, charges: list[Charge]) -> dict[str, Any]:
    zone = one.time_zone
    change, placement = portfolio.changes[one.change], one.placement
    teams = [] if placement is None else tables.team_rows(portfolio, placement, charges)
    state = "proposed" if placement is None else tables.state_of(portfolio, placement)
    return {
        "number": number,
        "change": one.change,
        "title": one.title,
        "state": state,
        "state_text": state_text(state),
        "window": window_text(placement.reserved, zone) if placement else "",
        "over_by": instant_text(placement.end, zone) if placement else "",
        "texts": list(_texts(portfolio, change.id, placement)),
        "cents": one.cents,
        "weighted_cents": one.weighted_cents,
        "by_cost": [{"cost": cost, "cents": cents} for cost, cents in one.by_cost.items()],
        "shares": listing([visible(other) for other in one.shares_with]),
        "remarks": one.remarks,
        "teams": [{**row, "notice": _notice(row["notice_days"], row["promised_days"])} for row in teams],
        "reason": why_text(one) if placement else "",
        "binding": [_with_texts(rule.rule, rule.window, rule.saving_cents, rule.texts, zone) for rule in one.binding],
        "together": [
            _with_texts(rules_text(joint.rules), joint.window, joint.saving_cents, joint.texts, zone)
            for joint in one.together
        ],
        "others": [
            {"window": window_text(other.window, zone), "extra_cents": other.extra_cents} for other in one.others
        ],
        "drop_extra_cents": one.drop_extra_cents,
        "forbidden": [
            _with_texts(listing(found.rules), found.window, found.saving_cents, found.texts, zone)
            for found in untold(one)
        ],
    }  # fmt: skip


def _with_texts(rules: str, window: Window, saving: int, texts: Iterable[str], zone: str) -> dict[str, Any]:
    where = window_text(window, zone)
    return {"rule": rules, "rules": rules, "window": where, "saving_cents": saving, "texts": list(texts)[:2]}


def _texts(portfolio: Portfolio, id: str, placement: Placement | None) -> Iterator[tuple[str, str]]:
    """Give what was written about a change, under the names of its fields."""
    change = portfolio.changes[id]
    names = heat.row_labels(portfolio, "service")
    pairs = [
        ("works on", ", ".join(names[service] for service in change.services)),
        ("impact", change.impact.value),
        ("what you will notice", change.what_you_will_notice),
        ("workaround", change.workaround),
        ("why it is done", change.why),
        ("requested by", change.requested_by),
        ("description", change.description),
    ]
    if placement and placement.engineers:
        pairs.append(("engineers", "; ".join(tables.crew(placement, portfolio.policy.time_zone))))
    yield from ((label, text) for label, text in pairs if visible(text))


def _notice(given: int, promised: int | None) -> str:
    days = count_text(given, "day")
    if promised is None:
        return days
    return f"{days}, {promised} promised" if given >= promised else f"{days} only; {promised} were promised"


def _pair(portfolio: Portfolio, team: str, node: str) -> str:
    service = portfolio.services.get(node)
    return f"{(service.name if service else '') or node}, used by {portfolio.teams[team].name or team}"


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
