"""Commands about a plan that is there: bring it up to date, compare it with another, ask what something is worth."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, NoReturn

import typer

from scheduler.baselines import baselines
from scheduler.batch import load_after, load_with_plan
from scheduler.console import answer_document
from scheduler.desk.accepting import Accepted, accepted
from scheduler.desk.difference import Difference, difference
from scheduler.desk.planning import Absence, absent, as_time_went, away_text, folded, unpinned
from scheduler.desk.replan import Replanned, replan
from scheduler.desk.risk import AtRisk, at_risk
from scheduler.desk.what_if import LIFTED, WhatIf, WhatIfs
from scheduler.horizon import Window, wall_to_utc
from scheduler.inputs import read_schedule
from scheduler.inputs.cells import CellError, parse_time
from scheduler.portfolio import Portfolio
from scheduler.publish.files import check_writable, write_plan
from scheduler.running import BROKEN, STOPPED, orderly, print_json, report_files, stopping
from scheduler.schedule import Unplaced
from scheduler.verify import bill
from scheduler.wording import instant_text, listing, money_text, window_text

Folder = Annotated[str, typer.Argument(metavar="FOLDER", help="Folder of a portfolio.")]
PlanPath = Annotated[str, typer.Argument(metavar="SCHEDULE", help="The schedule.json that there is.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Now = Annotated[str | None, typer.Option(metavar="T", help="Instant of planning (ISO 8601).")]
Out = Annotated[str | None, typer.Option(metavar="DIR", help="Write the new plan's files there.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("replan")(replan_command)
    app.command("diff")(diff_command)
    app.command("what-if")(what_if_command)


def replan_command(
    folder: Folder,
    schedule: PlanPath,
    away: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FROM/TO", help="An engineer who cannot work: replan what that hits."),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="CHANGE", help="Let only these move, beside what is new or must.")
    ] = None,
    take: Annotated[
        list[str] | None, typer.Option(metavar="CHANGE", help="Take over only these; all others stay as they were.")
    ] = None,
    out: Out = None,
    time_limit: Annotated[float, typer.Option(metavar="S", min=0.0, help="Seconds to plan for.")] = 20.0,
    now: Now = None,
    json: Json = False,
) -> None:
    """Bring a plan up to date: announced windows move only where that pays, with each move its reason and its gain.

    What the plan has over by now is taken as done, what has begun as going on; both stay out of the way.
    """
    with orderly(), stopping() as stop:
        if out is not None:
            check_writable(out)
        portfolio, plan = load_after(folder, schedule, now=now)
        portfolio = folded(portfolio, as_time_went(portfolio, plan))
        absences = [_absence(portfolio, text) for text in away or ()]
        _must_know(portfolio, [*(only or ()), *(take or ())])
        portfolio = absent(portfolio, absences)
        risks = at_risk(portfolio, plan) if absences else []
        portfolio = unpinned(portfolio, [one.change for one in risks if one.must_move])
        free = None
        if only is not None or absences:
            free = {*(only or ()), *(one.change for one in risks if one.must_move)}
            free |= portfolio.changes.keys() - plan.by_change.keys()
        found = replan(portfolio, plan, only=free, seconds=time_limit, stop=stop)
        if found.result.objective_cents is None:
            _no_plan(found, json=json)
        compared = difference(portfolio, plan, found.result.schedule)
        part = None if take is None else accepted(portfolio, plan, found.result.schedule, take)
        if out is not None and (part is None or part.is_legal):
            _write(found, part, out)
    answer = _Answer(portfolio, tuple(absences), tuple(risks), found, compared, part)
    if json:
        print_json(answer.document())
    else:
        print("\n".join(answer.lines()))
    if part is not None and not part.is_legal:
        raise typer.Exit(BROKEN)
    if out is not None:
        print(f"written to {out}", file=sys.stderr)


def diff_command(
    folder: Folder,
    before: Annotated[str, typer.Argument(metavar="BEFORE", help="A schedule.json.")],
    after: Annotated[str, typer.Argument(metavar="AFTER", help="Another of the same portfolio.")],
    now: Now = None,
    json: Json = False,
) -> None:
    """Compare two plans: what moved, why, what that saved, and which teams it disturbs."""
    with orderly():
        portfolio, new = load_with_plan(folder, after, now=now)
        compared = difference(portfolio, read_schedule(before, portfolio), new)
    if json:
        print_json(answer_document(compared) | {"saved_cents": compared.saved_cents})
    else:
        print(compared)


def what_if_command(
    folder: Folder,
    schedule: PlanPath,
    without_calendar: Annotated[
        list[str] | None, typer.Option(metavar="CALENDAR", help="Do without a freeze, or any other calendar.")
    ] = None,
    without_rule: Annotated[
        list[str] | None, typer.Option(metavar="RULE", help="Do without a rule, such as notice.")
    ] = None,
    without_wish: Annotated[
        list[int] | None, typer.Option(metavar="N", min=1, help="Do without row N of preferences.csv.")
    ] = None,
    at: Annotated[
        list[str] | None, typer.Option(metavar="CHANGE=START", help="Let a change start when you say.")
    ] = None,
    one_more: Annotated[
        list[str] | None, typer.Option(metavar="ENGINEER", help="Have one more engineer like this one.")
    ] = None,
    time_limit: Annotated[float, typer.Option(metavar="S", min=0.0, help="Seconds for each plan.")] = 15.0,
    now: Now = None,
    json: Json = False,
) -> None:
    """Say what a freeze, a rule, a wish, a start or one more engineer is worth: plan with it, and without."""
    with orderly(), stopping() as stop:
        portfolio, plan = load_with_plan(folder, schedule, now=now)
        for name in without_calendar or ():
            _must_be(name, portfolio.calendars, "calendar")
        for name in without_rule or ():
            _must_be(name, LIFTED, "rule to do without")
        for number in without_wish or ():
            _must_be(number, range(1, len(portfolio.preferences) + 1), "wish")
        for name in one_more or ():
            _must_be(name, portfolio.engineers or {}, "engineer")
        starts = [_start(portfolio, text) for text in at or ()]
        ask = WhatIfs(portfolio, plan, seconds=time_limit, stop=stop)
        answers = [
            *(ask.without_calendar(name) for name in without_calendar or ()),
            *(ask.without_rule(name) for name in without_rule or ()),
            *(ask.without_preference(number) for number in without_wish or ()),
            *(ask.at(*one) for one in starts),
            *(ask.one_more_like(name) for name in one_more or ()),
        ]
    if not answers:
        raise typer.BadParameter("ask something, such as --one-more ENGINEER", param_hint="what-if")
    if json:
        print_json({"answers": [_what_if_document(one) for one in answers]})
    else:
        print("\n\n".join(f"{one}\n{_indented(one)}" for one in answers))


# --- what is asked ---------------------------------------------------------------------------------------------------


def _must_be(name: object, known: Any, what: str) -> None:
    if name not in known:
        names = listing([str(one) for one in known], 20)
        raise typer.BadParameter(f"there is no {what} {name!r}; there are: {names or 'none'}")


def _must_know(portfolio: Portfolio, changes: Sequence[str]) -> None:
    for change in changes:
        if change not in portfolio.changes:
            raise typer.BadParameter(f"{change!r} is no change that is still to be done")


def _instant(portfolio: Portfolio, text: str) -> datetime:
    try:
        found: datetime = parse_time(text)
    except CellError as error:
        raise typer.BadParameter(str(error)) from error
    return found if found.tzinfo is not None else wall_to_utc(found, portfolio.policy.time_zone)


def _absence(portfolio: Portfolio, text: str) -> Absence:
    engineer, _, hours = text.partition("=")
    start, slash, end = hours.partition("/")
    if not slash:
        raise typer.BadParameter(f"{text!r} is not of the form ana=2027-03-01T18:00Z/2027-03-02T08:00Z")
    _must_be(engineer, portfolio.engineers or {}, "engineer")
    window = Window(_instant(portfolio, start), _instant(portfolio, end))
    if window.end <= window.start:
        raise typer.BadParameter(f"{text!r} ends before it starts")
    return Absence(engineer=engineer, window=window)


def _start(portfolio: Portfolio, text: str) -> tuple[str, datetime]:
    change, equals, start = text.rpartition("=")
    if not equals:
        raise typer.BadParameter(f"{text!r} is not of the form CHG-1001=2027-03-06T02:00Z")
    _must_know(portfolio, [change])
    return change, _instant(portfolio, start)


# --- what is answered ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Answer:
    portfolio: Portfolio
    absences: tuple[Absence, ...]
    risks: tuple[AtRisk, ...]
    found: Replanned
    compared: Difference
    part: Accepted | None

    def lines(self) -> Iterator[str]:
        zone, currency = self.portfolio.policy.time_zone, self.portfolio.policy.currency
        yield from (away_text(one, zone) for one in self.absences)
        if self.absences and not self.risks:
            yield "no window is at risk"
        for risk in self.risks:
            what = "has to move" if risk.must_move else f"can be done by {listing(risk.covered_by)}"
            yield f"at risk: {risk.change} {window_text(risk.window, zone)} {what}: {risk.reasons[0].text}"
        for move in self.found.moves:
            gain = "no plan was found without that"
            if move.gain_cents is not None:
                gain = f"the best plan found without that costs {money_text(move.gain_cents, currency)} more"
            yield (
                f"{move.change} moves from {instant_text(move.before.start, zone)} to "
                f"{instant_text(move.after.start, zone)} for {money_text(move.price_cents, currency)}; {gain}"
            )
        if not self.found.moves:
            yield "no announced window moves"
        yield str(self.compared)
        if self.part is not None:
            yield from self._part(self.part, currency)

    def _part(self, part: Accepted, currency: str) -> Iterator[str]:
        taken = listing([*part.chosen, *part.with_it])
        if part.is_legal:
            yield f"with only {taken} taken over the plan costs {money_text(part.figures.objective_cents, currency)}"
            return
        yield f"{taken} cannot be taken over alone:"
        yield from (f"  {one.rule}: {one.text}" for one in part.figures.broken)
        if part.needs:
            yield f"  take over {listing(part.needs)} too"

    def document(self) -> dict[str, Any]:
        result = self.found.result
        return answer_document(
            {
                "status": result.status,
                "objective_cents": result.objective_cents,
                "bound_cents": result.bound_cents,
                "moves": self.found.moves,
                "at_risk": self.risks,
                "difference": self.compared,
                "taken": self.part,
                "placements": (self.part.schedule if self.part else result.schedule).placements,
            }
        )


def _no_plan(found: Replanned, *, json: bool) -> NoReturn:
    result = found.result
    if json:
        print_json(answer_document({"status": result.status, "objective_cents": None, "clash": result.clash}))
    for one in result.clash:
        print(f"{one.rule}: {one.text}", file=sys.stderr)
    print("no feasible schedule" if result.status == "INFEASIBLE" else "stopped without a schedule", file=sys.stderr)
    raise typer.Exit(BROKEN if result.status == "INFEASIBLE" else STOPPED)


def _write(found: Replanned, part: Accepted | None, out: str) -> None:
    result = found.result
    if part is not None:
        left = [name for name in result.portfolio.changes if name not in part.schedule.by_change]
        reasons = {one.change: one for one in result.unplaced}
        result = replace(
            result,
            schedule=part.schedule,
            charges=tuple(bill(result.portfolio, part.schedule)),
            status="FEASIBLE",
            bound_cents=None,
            objective_cents=part.figures.objective_cents,
            unplaced=tuple(reasons.get(name) or _not_taken(result.portfolio, name) for name in left),
        )
    result = replace(result, baselines=baselines(result.portfolio, result.schedule))
    write_plan(result, out, report_files(result))


def _not_taken(portfolio: Portfolio, change: str) -> Unplaced:
    price = portfolio.changes[change].drop_cost_cents
    return Unplaced(change=change, reason="the window it could have was not taken over", drop_cents=price)


def _what_if_document(one: WhatIf) -> dict[str, Any]:
    return answer_document(
        {
            "question": one.question,
            "price_cents": one.price_cents,
            "at_least_cents": one.at_least,
            "at_most_cents": one.at_most,
            "status": one.other.status,
            "difference": one.difference,
            "clash": one.other.clash,
        }
    )


def _indented(one: WhatIf) -> str:
    return "\n".join(f"  {line}" for line in str(one.difference or "").splitlines())
