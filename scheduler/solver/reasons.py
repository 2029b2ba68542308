"""What to say where nothing fits: the demands that clash, and what lifting some of them would cost."""

from collections.abc import Callable
from dataclasses import replace

from scheduler.schedule import Result
from scheduler.solver.clash import AT_LEAST, cores
from scheduler.solver.clash_words import in_words
from scheduler.solver.effort import Effort
from scheduler.solver.incumbent import Progress
from scheduler.solver.problem import Problem
from scheduler.solver.relaxing import relaxations


def with_reasons(
    result: Result, problem: Problem, effort: Effort, progress: Callable[[Progress], None] | None = None
) -> Result:
    """Complete a result without a schedule by what stands in its way.

    Uses the effort that is left; a result that is INFEASIBLE is given a few seconds more where that is little. One that
    was STOPPED becomes INFEASIBLE where demands are found that provably cannot hold together, and is left as it is
    where none are: a time-out says nothing.
    """
    infeasible = result.status == "INFEASIBLE"
    amount = max(AT_LEAST, effort.left) if infeasible else effort.left
    if amount <= 0:
        return result

    def tell(phase: str) -> None:
        if progress is not None:
            progress(Progress(effort.elapsed, phase, None, None))

    tell("why nothing fits")
    left = Effort(amount, amount if effort.units is not None else None, effort.stop)
    found = cores(problem, left)
    effort.charge(left.spent)
    if not found:
        return result
    sets = [in_words(result.portfolio, problem, core.demands) for core in found]
    mended = relaxations(result.portfolio, problem, found, left, result.seed, lambda: tell("what would help"))
    return replace(
        result,
        status="INFEASIBLE",
        bound_cents=None,
        clash=sets[0],
        clash_is_minimal=found[0].minimal,
        more_clashes=tuple(sets[1:]),
        relaxations=tuple(mended),
    )
