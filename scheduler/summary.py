"""What a plan saves and how good it provably is, in words: the same on the command line, in the report, on screens."""

from collections.abc import Iterator, Mapping

from scheduler.baselines import saving
from scheduler.schedule import BaselineFigures, Result

HABIT_NAMES: Mapping[str, str] = {
    "first_come": "first come first served",
    "earliest": "the earliest start",
    "random_best": "the best of 20 random plans",
    "random": "the mean of 20 random plans",
    "sunday_0200": "Sunday 02:00",
}
"""The habits by the name of their figures, the strongest first; every headline names that one."""

LARGEST_GAP = 0.99


def compared_cents(result: Result) -> int:
    """Give what a plan is compared by: its objective without the drop prices, which no habit can change."""
    return (result.objective_cents or 0) - result.drop_cents


def own_figures(result: Result) -> BaselineFigures:
    """Give the figures of the plan itself, as those of a habit are given; a plan breaks no rule."""
    return BaselineFigures(
        objective_cents=compared_cents(result),
        cost_cents=result.cost_cents,
        drop_cents=result.drop_cents,
        violations=0,
    )


def saves_text(result: Result, habit: BaselineFigures) -> str:
    """Say what a plan saves against a habit, to follow `it`; what breaks rules is compared with nothing."""
    share = saving(compared_cents(result), habit)
    if habit.violations:
        return f"cannot be compared: that breaks rules {count_text(habit.violations, 'time')}"
    if share is None:
        costs = compared_cents(result)
        return "costs more: that costs nothing" if costs else "saves nothing: that costs nothing either"
    return f"saves {share:.1%}" if share >= 0 else f"costs {-share:.1%} more"


def proof_text(result: Result) -> str:
    """Say how much cheaper a plan could be at most, without the full stop."""
    if result.status == "OPTIMAL" and result.gap:
        return f"The cheapest plan costs {result.gap:.1%} less, which was given for fairness between teams"
    if result.status == "OPTIMAL":
        return "No plan can be cheaper"
    if not is_proven(result):
        return "How much cheaper a plan could be was not found out"
    return f"No plan can be more than {result.gap:.1%} cheaper"


def fairness_text(result: Result) -> str:
    """Say what spreading losses over teams did for the hardest hit team, and at what price; nothing where nothing."""
    fairness, price = result.fairness, result.fairness_price_cents
    if fairness is None or fairness.after >= fairness.before:
        return ""
    fell = 1 - fairness.after / fairness.before
    cheapest = (result.objective_cents or 0) - price
    paid = f"for {price / cheapest:.1%} of the cost" if price and cheapest else "at no cost"
    return f"Losses are spread over teams: the hardest hit bears {fell:.1%} less for its size, {paid}"


def tail_text(result: Result) -> str:
    """Say what minding bad weeks did to the worst of them, and at what price in the mean; nothing where nothing."""
    tail = result.tail
    if tail is None:
        return ""
    weeks = f"In the worst tenth of {count_text(tail.scenarios, 'week')} like past ones the plan costs"
    worst = _change_text(tail.worst_cents, tail.plain_worst_cents)
    mean = _change_text(tail.mean_cents, tail.plain_mean_cents)
    return f"{weeks} {worst} than if bad weeks were not minded, and in the mean of all {mean}"


def _change_text(cents: int, before: int) -> str:
    if not before:
        return "as much" if not cents else "more"
    share = cents / before - 1
    return f"{abs(share):.1%} {'more' if share > 0 else 'less'}"


def verdicts(result: Result) -> Iterator[str]:
    """Say in sentences how good a plan provably is, and what minding bad weeks did."""
    yield f"{proof_text(result)} ({'proven in' if is_proven(result) else 'after'} {result.seconds:.1f} s)."
    if minded := tail_text(result):
        yield f"{minded}."


def is_proven(result: Result) -> bool:
    """Tell whether the bound says anything: a gap of nearly all is none."""
    return result.status == "OPTIMAL" or (result.gap is not None and result.gap <= LARGEST_GAP)


def count_text(number: int, word: str) -> str:
    """Give a number and what it counts.

    >>> count_text(1, "week"), count_text(2, "week")
    ('1 week', '2 weeks')
    """
    return f"{number} {word}" + ("" if number == 1 else "s")
