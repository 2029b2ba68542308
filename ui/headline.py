"""The headline of a plan: what it costs clients, what it saves, how good it provably is, who is hit, what waits."""

from collections.abc import Iterator, Sequence

from scheduler.desk.docket import Matter
from scheduler.schedule import BaselineFigures, Result
from scheduler.summary import HABIT_NAMES, LARGEST_GAP, compared_cents, count_text, is_proven, proof_text, saves_text
from scheduler.wording import money_text

from .dockets import most_affected, waiting_text
from .review import Plan

Card = tuple[str, str, str]
HABITS = ("first_come", "earliest", "random_best", "sunday_0200")


def headline(plan: Plan, matters: Sequence[Matter]) -> Iterator[Card]:
    """Give what each card is called, its figure, and what that means."""
    result, currency = plan.result, plan.portfolio.policy.currency
    yield ("Needs a decision", *waiting_text(matters))
    weighted = f"{money_text(compared_cents(result), currency)} weighted by service level, with delay"
    yield "Clients lose", money_text(result.cost_cents, currency, whole=True), weighted
    yield from savings(result)
    yield gap(result)
    hit = most_affected(plan)
    if hit:
        rest = "; then ".join(f"{name}, {money_text(cents, currency, whole=True)}" for name, cents in hit[1:])
        yield f"{hit[0][0]} loses most", money_text(hit[0][1], currency, whole=True), f"then {rest}" if rest else ""


def savings(result: Result) -> Iterator[Card]:
    """Give a card for each habit, the strongest first."""
    for name in HABITS:
        habit = result.baselines.get(name)
        if habit is not None:
            yield against(result, name, habit)
    if not result.baselines:
        yield "Against habits", "not compared", "the next plan of everything compares them again"


def against(result: Result, name: str, habit: BaselineFigures) -> Card:
    """Say what a plan saves against a habit; one that breaks rules is no way to go."""
    label, costs = f"Against {HABIT_NAMES[name]}", money_text(habit.objective_cents, result.portfolio.policy.currency)
    if habit.violations:
        return label, "breaks rules", f"{count_text(habit.violations, 'time')}; that would cost {costs} weighted"
    return label, saves_text(result, habit), f"that costs {costs} weighted"


def gap(result: Result) -> Card:
    """Say how far above the best possible plan this one can be."""
    label = "Above the best possible"
    if result.status == "OPTIMAL" and not result.gap:
        return label, "nothing", proof_text(result)
    objective, bound = result.objective_cents, result.bound_cents
    if not is_proven(result) or objective is None or bound is None or bound <= 0:
        return (
            label,
            "not known",
            "it was decided on by hand since it was planned" if bound is None else proof_text(result),
        )
    above = objective / bound - 1
    text = f"at most {above:.0%}" if above >= 0.1 else f"at most {above:.1%}"
    return label, text if above < 1 / (1 - LARGEST_GAP) else "not known", proof_text(result)
