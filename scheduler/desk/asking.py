"""The process of one what-if at the desk: plans things as they stand, and as they would be, and writes the answer.

Started as `python -m scheduler.desk.asking`, with the request as JSON on its input, where no other user can read the
store's URL; the answer is one JSON document on its output. Nothing is written to the store.
"""

import json
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from scheduler.desk.access import RefusedError
from scheduler.desk.difference import Difference, Figures
from scheduler.desk.library import portfolio_of
from scheduler.desk.position import planned, position
from scheduler.desk.store import Store, StoreError
from scheduler.desk.what_if import LIFTED, WhatIf, WhatIfs
from scheduler.horizon import Window
from scheduler.inputs.tables import utc_text
from scheduler.portfolio import Portfolio, Preference
from scheduler.schedule import Schedule
from scheduler.wording import window_text

QuestionKind = Literal["calendar", "rule", "wish", "start", "engineer"]
KINDS: tuple[QuestionKind, ...] = get_args(QuestionKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: `what` names the calendar, rule, change or engineer to do without, move or have one more of.

    For a wish it is its number from 1 on, in the order of the portfolio; only a start has a `start`.
    """

    kind: QuestionKind
    what: str
    start: datetime | None = None


def possible(portfolio: Portfolio) -> Mapping[QuestionKind, Mapping[str, str]]:
    """Give what may be asked of a portfolio: the `what` of every question by kind, with words for each."""
    calendars = portfolio.calendars.values()
    return {
        "calendar": {one.id: f"{one.id} ({one.kind})" for one in sorted(calendars, key=lambda one: one.kind)},
        "rule": {name: name for name in LIFTED},
        "wish": {str(number): _wish(portfolio, one) for number, one in enumerate(portfolio.preferences, 1)},
        "start": {id: f"{id} {change.title}".strip() for id, change in portfolio.changes.items()},
        "engineer": {id: f"{id} ({', '.join(sorted(one.skills))})" for id, one in (portfolio.engineers or {}).items()},
    }


def _wish(portfolio: Portfolio, one: Preference) -> str:
    inside, zone = portfolio.horizon.window, portfolio.teams[one.team].time_zone
    when = "in hours of the week" if one.hours is not None else window_text(
        Window(one.start or inside.start, one.end or inside.end), zone
    )  # fmt: skip
    return f"{one.team}, {one.kind}: {one.reason or when}"


def asked(portfolio: Portfolio, plan: Schedule, question: Question, *, seconds: float, stop: threading.Event) -> WhatIf:
    """Answer a question about a portfolio and its plan.

    Raises
    ------
    RefusedError
        If there is nothing of that name.
    """
    what = WhatIfs(portfolio, plan, seconds=seconds, stop=stop)
    try:
        match question.kind:
            case "calendar":
                return what.without_calendar(question.what)
            case "rule":
                return what.without_rule(question.what)
            case "wish":
                return what.without_preference(int(question.what))
            case "engineer":
                return what.one_more_like(question.what)
        if question.start is None:
            raise RefusedError("say when it is to start")
        return what.at(question.what, question.start)
    except (KeyError, ValueError) as error:
        raise RefusedError(f"there is no {question.kind} {question.what!r} to ask about") from error


def answer_of(one: WhatIf) -> dict[str, Any]:
    """Give an answer as a document: the price, how sure it is, and both plans side by side."""
    return {
        "question": one.question,
        "text": str(one),
        "price_cents": one.price_cents,
        "at_least_cents": one.at_least,
        "at_most_cents": one.at_most,
        "status": one.other.status,
        "clash": [{"rule": clash.rule, "text": clash.text} for clash in one.other.clash],
        "sides": None if one.difference is None else _sides(one.difference),
    }


def _sides(found: Difference) -> dict[str, Any]:
    return {
        "before": _figures(found.before),
        "after": _figures(found.after),
        "changes": [
            {
                "change": one.change,
                "title": one.title,
                "kind": one.kind,
                "before": None if one.before is None else utc_text(one.before.start),
                "after": None if one.after is None else utc_text(one.after.start),
            }
            for one in found.changes
        ],
    }


def _figures(one: Figures) -> dict[str, Any]:
    return {
        "objective_cents": one.objective_cents,
        "cost_cents": one.cost_cents,
        "by_cost": dict(one.by_cost),
        "by_team": dict(one.by_team),
    }


def answered(store: Store, question: Question, *, seconds: float, now: datetime, stop: threading.Event) -> WhatIf:
    """Answer a question about the desk as it stands."""
    with store.reading() as connection:
        at = position(connection)
        portfolio = planned(portfolio_of(connection, now=now), at)
    return asked(portfolio, at.schedule(portfolio), question, seconds=seconds, stop=stop)


def main() -> None:
    """Answer one question."""
    request = json.loads(sys.stdin.read())
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    start = request.get("start")
    question = Question(
        kind=request["kind"],
        what=request["what"],
        start=None if start is None else datetime.fromisoformat(start).astimezone(UTC),
    )
    try:
        with Store(request["store"]) as store:
            now = datetime.fromisoformat(request["now"]).astimezone(UTC)
            answer = answer_of(answered(store, question, seconds=request["seconds"], now=now, stop=stop))
    except (RefusedError, StoreError) as error:
        answer = {"refused": str(error)}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
