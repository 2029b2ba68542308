"""What the command line shows: progress, and answers as plain text or as one JSON document."""

import dataclasses
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TextIO

from scheduler.demand.usage import assumed
from scheduler.explanation import Explanation
from scheduler.inputs.tables import utc_text
from scheduler.portfolio import Portfolio
from scheduler.ruled_out import ruled_out
from scheduler.schedule import Clash, Result, Violation
from scheduler.solver.incumbent import Progress
from scheduler.summary import HABIT_NAMES, compared_cents, count_text, own_figures, saves_text, verdicts
from scheduler.wording import instant_text, listing, money_text, window_text

MOST_WARNINGS, MOST_NAMED, MOST_RELAXATIONS, MOST_CLASHES = 10, 8, 10, 4
TITLE_WIDTH = 36


class ProgressLine:
    """Shows where a run stands about once a second: in place on a terminal, as lines of a log elsewhere."""

    def __init__(self, currency: str, stream: TextIO | None = None, *, every: float = 1.0) -> None:
        self.currency, self.every = currency, every
        self.stream = stream or sys.stderr
        self.in_place = self.stream.isatty()
        self._next = 0.0
        self._width = 0
        self._shown = self._held_back = ""

    def __call__(self, progress: Progress) -> None:
        """Show one report; if the last was shown a moment ago it is held back, and the next takes its place."""
        self._held_back = self.text(progress)
        if time.monotonic() >= self._next:
            self._show()

    def _show(self) -> None:
        text, self._held_back = self._held_back, ""
        if not text or text == self._shown:
            return
        self._next, self._shown = time.monotonic() + self.every, text
        if self.in_place:
            self.stream.write(f"\r{text.ljust(self._width)}")
            self._width = len(text)
        else:
            self.stream.write(f"{text}\n")
        self.stream.flush()

    def text(self, progress: Progress) -> str:
        """Give one report as it is shown."""
        return progress_text(progress, self.currency)

    def done(self) -> None:
        """Show the last report if it was held back, and end the line that was written in place."""
        self._show()
        if self.in_place and self._width:
            self.stream.write("\n")
            self.stream.flush()
        self._width = 0


class ProgressRecords(ProgressLine):
    """Writes where a run stands as JSON, one object a line, for programs that follow it."""

    def __init__(self, currency: str, stream: TextIO | None = None, *, every: float = 0.5) -> None:
        super().__init__(currency, stream, every=every)
        self.in_place = False

    def text(self, progress: Progress) -> str:
        """Give seconds, phase, cost and bound in whole cents; null for what is not known."""
        return json.dumps(dataclasses.asdict(progress))


class ProblemProgress(ProgressLine):
    """Shows where a run on a canonical problem stands, whose prices are in no currency."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__("", stream)

    def text(self, progress: Progress) -> str:
        """Give one report as it is shown."""
        price, bound = ("-" if one is None else f"{one:,}" for one in (progress.objective_cents, progress.bound_cents))
        return f"{progress.seconds:6.1f} s  {progress.phase:<22}  price {price}  bound {bound}"


def progress_text(progress: Progress, currency: str) -> str:
    """Give seconds, phase, cost, bound and gap in one line; a dash for what is not known."""
    cost, bound = progress.objective_cents, progress.bound_cents
    shown = ["-" if cents is None else money_text(cents, currency, whole=True) for cents in (cost, bound)]
    gap = "-" if not cost or bound is None else f"{(cost - bound) / cost:.1%}"
    return f"{progress.seconds:6.1f} s  {progress.phase:<22}  cost {shown[0]}  bound {shown[1]}  gap {gap}"


# --- a plan ------------------------------------------------------------------------------------------------------


def result_text(result: Result) -> str:
    """Say what a plan costs and saves, list its windows, what was left out, and what to look into."""
    if result.objective_cents is None:
        return "\n".join(_no_schedule(result))
    world = result.portfolio
    parts = [_headline(result), _comparison(result), _windows(result), _unplaced(result)]
    parts += [_assumptions(world), _warnings(world), _ruled_out(result)]
    return "\n\n".join("\n".join(lines) for part in parts if (lines := list(part)))


def _no_schedule(result: Result) -> Iterator[str]:
    name = result.portfolio.policy.name
    if result.status == "INFEASIBLE":
        yield f"{name}: no schedule obeys every rule."
        yield from _clashes(result)
        yield from _relaxations(result)
    else:
        yield f"{name}: stopped after {result.seconds:.1f} s without a schedule; give it more time."


def _clashes(result: Result) -> Iterator[str]:
    if not result.clash:
        yield "What stands in the way was not found in the time given."
        return
    if len(result.clash) == 1:
        yield "This cannot be met:"
    elif result.clash_is_minimal:
        yield "These cannot all be met; without any one of them the others could:"
    else:
        yield "These cannot all be met; there was no time to find out whether all of them are to blame:"
    yield from (f"  {one.rule}: {one.text}" for one in result.clash)
    for clash in result.more_clashes[:MOST_CLASHES]:
        yield "Nor can these, whatever is done about the others:"
        yield from (f"  {one.rule}: {one.text}" for one in clash)
    if len(result.more_clashes) > MOST_CLASHES:
        yield f"Nor can {len(result.more_clashes) - MOST_CLASHES} other sets of demands, which --json lists."


def _relaxations(result: Result) -> Iterator[str]:
    if not result.relaxations:
        return
    currency = result.portfolio.policy.currency
    least = result.relaxations[0].objective_cents
    several = any(len(one.lifted) > 1 for one in result.relaxations)
    yield f"Each of these would make a plan possible{', the steps of a line taken together' if several else ''}:"
    for one in result.relaxations[:MOST_RELAXATIONS]:
        cost = f"{'' if one.proven else 'at most '}{money_text(one.objective_cents, currency)}"
        more = one.objective_cents - least
        beyond = f", {money_text(more, currency)} more than the cheapest" if more else ""
        yield f"  {'; '.join(step.text for step in one.lifted)}"
        yield f"    and the plan costs {cost} (weighted, with delay and what is left out){beyond}"
    if len(result.relaxations) > MOST_RELAXATIONS:
        yield f"  and {len(result.relaxations) - MOST_RELAXATIONS} other ways, which --json lists"


def _headline(result: Result) -> Iterator[str]:
    portfolio, policy = result.portfolio, result.portfolio.policy
    placed, known = len(result.schedule.placements), len(portfolio.changes)
    yield (
        f"{policy.name}: {placed} of {known} changes placed in the {count_text(policy.weeks, 'week')} from "
        f"{instant_text(policy.start, policy.time_zone)}."
    )
    yield (
        f"The plan costs clients {money_text(result.cost_cents, policy.currency)} "
        f"({money_text(compared_cents(result), policy.currency)} weighted by service level, with delay)."
    )
    first_come = result.baselines.get("first_come")
    if first_come is not None:
        yield f"Against first come first served it {saves_text(result, first_come)}."
    for name in ("earliest", "random_best", "sunday_0200"):
        if name in result.baselines:
            yield f"Against {HABIT_NAMES[name]} it {saves_text(result, result.baselines[name])}."
    yield from verdicts(result)


def _comparison(result: Result) -> Iterator[str]:
    if not result.baselines:
        return
    currency = result.portfolio.policy.currency
    names = {"this plan": own_figures(result)} | {HABIT_NAMES[name]: result.baselines[name] for name in HABIT_NAMES}
    rows = [
        [
            name,
            money_text(one.objective_cents, currency),
            money_text(one.cost_cents, currency),
            money_text(one.drop_cents, currency),
            str(one.violations),
        ]
        for name, one in names.items()
    ]
    yield from aligned(
        ["planned by", "weighted cost", "clients lose", "left out", "rules broken"], rows, right=(1, 2, 3, 4)
    )


def _windows(result: Result) -> Iterator[str]:
    portfolio, policy = result.portfolio, result.portfolio.policy
    cents: dict[str, int] = {}
    for charge in result.charges:
        cents[charge.change] = cents.get(charge.change, 0) + charge.cents
    rows = [
        [
            one.change,
            _cut(portfolio.changes[one.change].title),
            window_text(one.reserved, policy.time_zone),
            money_text(cents.get(one.change, 0), policy.currency),
            "proposed" if one.announced_at is None else "announced",
        ]
        for one in sorted(result.schedule.placements, key=lambda one: (one.start, one.change))
    ]
    heads = ["change", "title", f"reserved window ({policy.time_zone})", "costs", ""]
    yield from aligned(heads, rows, right=(3,))


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE_WIDTH else f"{line[: TITLE_WIDTH - 1]}…"


def _unplaced(result: Result) -> Iterator[str]:
    if result.unplaced:
        yield "Left out:"
    for one in result.unplaced:
        price = "" if one.drop_cents is None else f" ({money_text(one.drop_cents, result.portfolio.policy.currency)})"
        yield f"  {one.change}{price}: {one.reason}"


def _assumptions(portfolio: Portfolio) -> Iterator[str]:
    pairs = [f"{service} of {team}" for team, service in sorted(assumed(portfolio))]
    if pairs:
        yield f"Assumed, as no usage was recorded: the users of {listing(pairs, MOST_NAMED)}."


def _warnings(portfolio: Portfolio) -> Iterator[str]:
    if portfolio.warnings:
        yield "Warnings:"
    yield from (f"  {text}" for text in portfolio.warnings[:MOST_WARNINGS])
    if len(portfolio.warnings) > MOST_WARNINGS:
        yield f"  and {len(portfolio.warnings) - MOST_WARNINGS} more, which `check` lists"


def _ruled_out(result: Result) -> Iterator[str]:
    found = ruled_out(result.portfolio, result.schedule)
    if found:
        yield "Hours that teams ruled out keep these changes dearer (weighted by service level):"
    for one in found[:MOST_WARNINGS]:
        saving = money_text(one.saving_cents, result.portfolio.policy.currency)
        yield f"  {one.change} would cost {saving} less there: {one.text}"
    if len(found) > MOST_WARNINGS:
        yield f"  and {len(found) - MOST_WARNINGS} more, which `explain` tells"


def aligned(heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> Iterator[str]:
    """Give the lines of a table; the columns in `right` end flush."""
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    for row in [heads, *rows]:
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


# --- other answers -----------------------------------------------------------------------------------------------


def portfolio_text(portfolio: Portfolio, shut: Mapping[str, Sequence[Clash]]) -> str:
    """Say what a portfolio holds and what to look into; `shut` says what leaves some changes no start."""
    horizon, zone = portfolio.horizon, portfolio.policy.time_zone
    people = "nobody named to do the work" if portfolio.engineers is None else f"{len(portfolio.engineers)} engineers"
    lines = [
        f"{portfolio.policy.name}: {len(portfolio.changes)} changes, {len(portfolio.services)} services, "
        f"{len(portfolio.teams)} teams, {people}, {len(portfolio.usage):,} rows of usage",
        f"horizon {window_text(horizon.window, zone)}, planned at {instant_text(portfolio.now, zone)}",
        *_assumptions(portfolio),
        *(f"warning: {text}" for text in portfolio.warnings),
    ]
    for name, clash in shut.items():
        so = "so that no plan can be made" if portfolio.changes[name].mandatory else "so that it will be left out"
        lines.append(f"no start is left for {name}, {so}: {'; '.join(one.text for one in clash)}")
    return "\n".join(lines)


def portfolio_document(portfolio: Portfolio, shut: Mapping[str, Sequence[Clash]]) -> dict[str, Any]:
    """Give what there is to look into in a portfolio without problems as the content of a JSON document."""
    without_start = [
        {"change": name, "mandatory": portfolio.changes[name].mandatory, "clash": [_plain(one) for one in clash]}
        for name, clash in shut.items()
    ]
    return {"problems": [], "warnings": list(portfolio.warnings), "without_start": without_start}


def problem_text(document: Mapping[str, Any]) -> str:
    """Say what was found for a canonical problem, and list the starts."""
    if document["objective"] is None:
        lines = ["no starts obey every rule" if document["status"] == "INFEASIBLE" else "stopped without starts"]
    else:
        lines = [f"{document['status']} in {document['seconds']:.1f} s: price {document['objective']:,}"]
        lines[0] += f", no starts cost less than {document['bound']:,} (gap {document['gap']:.2%})"
    starts = document["starts"].items()
    return "\n".join([*lines, *(f"{name}\t{'left out' if slot is None else slot}" for name, slot in starts)])


def violations_text(violations: Iterable[Violation]) -> str:
    """List broken rules, one line each; say so where there are none."""
    return "\n".join(f"{one.rule}: {one.text}" for one in violations) or "no rule is broken"


def violations_document(violations: Iterable[Violation]) -> dict[str, Any]:
    """Give broken rules as the content of a JSON document."""
    return {"violations": [_plain(one) for one in violations]}


def explanations_text(explanations: Iterable[Explanation]) -> str:
    """List explanations, after a word on what their differences mean."""
    heading = (
        "What windows would cost more or less is weighted by service level; all other changes stay where they are."
    )
    return "\n\n".join([heading, *(str(one) for one in explanations)])


def explanations_document(
    explanations: Iterable[Explanation], curves: Sequence[list[dict[str, Any]]] = ()
) -> dict[str, Any]:
    """Give explanations as the content of a JSON document; the first of them with `curves`, where there are any."""
    changes = [_plain(one) for one in explanations]
    for change, curve in zip(changes, curves, strict=False):
        change["curve"] = curve
    return {"changes": changes}


def answer_document(answer: Any) -> dict[str, Any]:
    """Give any answer made of dataclasses as the content of a JSON document."""
    document: dict[str, Any] = _plain(answer)
    return document


def _plain(value: Any) -> Any:
    """Turn dataclasses, tuples and instants into what JSON has."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return utc_text(value) if isinstance(value, datetime) else value
