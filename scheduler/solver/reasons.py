"""What to say where nothing fits: the demands that clash, and what lifting some of them would cost."""

from dataclasses import replace

from scheduler.schedule import Result
from scheduler.solver.clash import AT_LEAST, cores
from scheduler.solver.clash_words import in_words
from scheduler.solver.effort import Effort
from scheduler.solver.problem import Problem
from scheduler.solver.relaxing import relaxations


def with_reasons(result: Result, problem: Problem, effort: Effort) -> Result:
    """Complete a result that is INFEASIBLE, in the effort that is left or, where that is little, a few seconds more."""
    amount = max(AT_LEAST, effort.left)
    left = Effort(amount, amount if effort.units is not None else None, effort.stop)
    found = cores(problem, left)
    sets = [in_words(result.portfolio, problem, core.demands) for core in found]
    mended = relaxations(result.portfolio, problem, found, left, result.seed) if found else []
    effort.charge(left.spent)
    return replace(
        result,
        clash=sets[0] if sets else (),
        clash_is_minimal=bool(found) and found[0].minimal,
        more_clashes=tuple(sets[1:]),
        relaxations=tuple(mended),
    )
