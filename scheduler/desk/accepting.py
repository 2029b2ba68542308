"""Takes a new plan over for some changes only: the mixture is a plan of its own, checked and priced again."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from scheduler.desk.difference import Figures, as_now, figures_of, kind_of, mixed
from scheduler.portfolio import Portfolio
from scheduler.rules.same_window import together_with
from scheduler.schedule import Schedule, Violation
from scheduler.verify import verify


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """The new plan taken over for some changes only, the others as before: checked and priced like any plan.

    `with_it` are changes that had to come along, as they start together with one that was chosen. Where rules are
    broken, `needs` names changes of the new plan that mend that if they are taken over as well; it is empty where
    that is not enough.
    """

    schedule: Schedule
    figures: Figures
    chosen: tuple[str, ...]
    with_it: tuple[str, ...]
    needs: tuple[str, ...]

    @property
    def is_legal(self) -> bool:
        """Tell whether it breaks no rule."""
        return not self.figures.broken


def accepted(portfolio: Portfolio, before: Schedule, after: Schedule, chosen: Iterable[str]) -> Accepted:
    """Take the new plan over for some changes, all others as before.

    Raises
    ------
    KeyError
        If the portfolio has no such change.
    """
    wanted = list(dict.fromkeys(chosen))
    for change in wanted:
        _ = portfolio.changes[change]
    old, new = (as_now(portfolio, one) for one in (before, after))
    with_it = {one for change in wanted for one in together_with(portfolio, change)} - set(wanted)
    taken = {*wanted, *with_it}
    differing = {
        change
        for change in {*old.by_change, *new.by_change}
        if kind_of(old.by_change.get(change), new.by_change.get(change)) is not None
    }
    plan = mixed(old, new, taken)
    figures = figures_of(portfolio, plan)
    return Accepted(
        schedule=plan,
        figures=figures,
        chosen=tuple(wanted),
        with_it=tuple(sorted(with_it & differing)),
        needs=_needed(portfolio, old, new, taken, differing, figures.broken),
    )


def _needed(
    portfolio: Portfolio,
    old: Schedule,
    new: Schedule,
    taken: Collection[str],
    differing: Collection[str],
    broken: tuple[Violation, ...],
) -> tuple[str, ...]:
    """Name further changes that mend what is broken: first those that broken rules speak of, then the fewest of all."""
    known = {(one.rule, one.changes, one.text) for one in verify(portfolio, new)}
    more: set[str] = set()

    def unmended(violations: Iterable[Violation]) -> list[Violation]:
        return [one for one in violations if (one.rule, one.changes, one.text) not in known]

    left = unmended(broken)
    while left:
        named = {change for one in left for change in one.changes} & set(differing) - set(taken) - more
        if not named:
            named = set(differing) - set(taken) - more
        if not named:
            return ()
        more |= {one for change in named for one in (change, *together_with(portfolio, change))}
        left = unmended(verify(portfolio, mixed(old, new, {*taken, *more})))
    for change in sorted(more):
        tied = {change, *together_with(portfolio, change)}
        if not unmended(verify(portfolio, mixed(old, new, {*taken, *more} - tied))):
            more -= tied
    return tuple(sorted(more & set(differing)))
