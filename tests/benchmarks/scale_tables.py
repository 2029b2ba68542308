"""Tables of the scaling benchmark: medians by family with the targets beside them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from cases import Record


@dataclass(frozen=True)
class Target:
    """What the medians of a family must reach in `plain`, and what the study of the solver counted in its instances.

    `optimal` is the share of seeds proved optimal; a figure that is None has no target.
    """

    seeds: int
    seconds: float
    first_plan: float | None = None
    after_compiling: bool = False
    gap: float | None = None
    optimal: float | None = None
    below_first_come: float | None = None
    memory: int | None = None
    shared_cells: tuple[int, int] | None = None
    start_variables: int | None = None


TARGETS: Mapping[tuple[str, float], Target] = {
    ("S", 0.3): Target(20, 30, 1, optimal=0.8, below_first_come=0.30, memory=1024, shared_cells=(11, 17),
                       start_variables=25_000),
    ("S", 1.0): Target(20, 60, 1, gap=0.20, memory=1024),
    ("M", 0.3): Target(5, 60, 2, gap=0.08, below_first_come=0.15, memory=1024, shared_cells=(137, 137),
                       start_variables=380_000),
    ("M", 1.0): Target(5, 60),
    ("L", 0.3): Target(3, 180, 5, gap=0.07, below_first_come=0.12, memory=2048, shared_cells=(581, 581),
                       start_variables=1_900_000),
    ("L", 1.0): Target(3, 180),
    ("XL", 0.3): Target(2, 600, 15, after_compiling=True, gap=0.06, below_first_come=0.08, memory=4096,
                        shared_cells=(1500, 1500), start_variables=4_800_000),
    ("XL", 1.0): Target(2, 600),
}  # fmt: skip
NEAR = 0.25
"""The counts of an instance are to lie this close to those of the study."""
GAP = "gap_before_fairness"
"""What was proved of the cost; fairness then gives up some cost on purpose, in `full` alone."""
CHANGES = {"S": 50, "M": 500, "L": 2000, "XL": 5000}

Group = tuple[str, float, str, float]


def budgeted(records: Iterable[Record], seconds: float | None) -> list[Record]:
    """Give the results that were planned for `seconds`, or else for as long as the targets say."""

    def wanted(size: str, sharing: float) -> float:
        return seconds or TARGETS[size, sharing].seconds

    return [r for r in records if r["case"]["seconds"] == wanted(r["case"]["size"], r["case"]["sharing"])]


def groups(records: Iterable[Record]) -> dict[Group, list[Record]]:
    """Sort results by family, kind and budget, in the order of the targets."""
    result: dict[Group, list[Record]] = defaultdict(list)
    for record in records:
        case = record["case"]
        result[case["size"], case["sharing"], case["kind"], case["seconds"]].append(record)
    order = list(TARGETS)
    return {group: result[group] for group in sorted(result, key=lambda g: (order.index(g[:2]), g[2] == "full", g[3]))}


def middle(records: Sequence[Record], name: str) -> float | None:
    """Give the median of a figure, None where a record has none: a missing plan does not improve a median."""
    values = [record.get(name) for record in records]
    return None if not values or None in values else float(median(value for value in values if value is not None))


def first_plan(records: Sequence[Record], target: Target) -> float | None:
    """Give the median seconds to the first plan, after compiling where the target says so."""
    return middle(records, "first_plan_after_compiling" if target.after_compiling else "first_plan")


def optimal(records: Sequence[Record]) -> float:
    """Give the share of the seeds that were proved optimal."""
    return sum(record["status"] == "OPTIMAL" for record in records) / len(records)


@dataclass(frozen=True)
class Line:
    """A figure of a family against its target."""

    figure: str
    value: float | None
    limit: float | None
    at_most: bool
    shown: Callable[[float], str]

    @property
    def holds(self) -> bool | None:
        """Tell whether the target is reached; None where there is none."""
        if self.limit is None:
            return None
        return self.value is not None and (self.value <= self.limit if self.at_most else self.value >= self.limit)

    def __str__(self) -> str:
        value = "–" if self.value is None else self.shown(self.value)
        if self.limit is None:
            return f"{self.figure:<28} {value:>12}"
        sign = "≤" if self.at_most else "≥"
        verdict = "holds" if self.holds else "DOES NOT HOLD"
        return f"{self.figure:<28} {value:>12}  {sign} {self.shown(self.limit):<10} {verdict}"


def lines(group: Group, records: Sequence[Record], known: Mapping[Group, Sequence[Record]]) -> list[Line]:
    """Give the figures of a family, with the targets where it is `plain`, and of `full` beside `plain`."""
    target = TARGETS[group[:2]] if group[2] == "plain" else Target(0, 0)
    gap, below = target.gap, target.below_first_come
    beside = known.get((*group[:2], "plain", group[3]))
    if group[2] == "full" and group[0] in "SM" and beside:
        # The same lead over first come, but for one point in a hundred; twice the gap.
        plain_gap, plain_below = middle(beside, GAP), middle(beside, "below_first_come")
        gap = None if plain_gap is None else 2 * plain_gap
        below = None if plain_below is None else plain_below - 0.01
    cells, starts = target.shared_cells, target.start_variables
    after = TARGETS[group[:2]].after_compiling
    return [
        Line("first plan after compiling" if after else "first plan", first_plan(records, TARGETS[group[:2]]),
             target.first_plan, True, _seconds),
        Line("build", middle(records, "build"), None, True, _seconds),
        Line("compile", middle(records, "compile_problem"), None, True, _seconds),
        Line("proved gap", middle(records, GAP), gap, True, _percent),
        Line("proved optimal", optimal(records), target.optimal, False, _percent),
        Line("below first come", middle(records, "below_first_come"), below, False, _percent),
        Line("(cost−bound)/(first−bound)", middle(records, "share_left"), None, True, _percent),
        Line("peak memory", middle(records, "memory"), target.memory, True, _memory),
        Line("shared cells", middle(records, "shared_cells"), cells and (1 - NEAR) * cells[0], False, _count),
        Line("shared cells", middle(records, "shared_cells"), cells and (1 + NEAR) * cells[1], True, _count),
        Line("start variables", middle(records, "start_variables"), starts and (1 - NEAR) * starts, False, _count),
        Line("start variables", middle(records, "start_variables"), starts and (1 + NEAR) * starts, True, _count),
        Line("plans that pass every check", sum(bool(r.get("sound")) for r in records) / len(records), 1.0, False,
             _percent),
        *(Line(f"{habit} over plan", _over_plan(records, habit), None, True, _times)
          for habit in ("first_come", "earliest", "sunday_0200", "greedy")),
        Line("imports", middle(records, "imports"), None, True, _seconds),
        Line("reading files", middle(records, "load"), None, True, _seconds),
        Line("usage forecast", middle(records, "usage"), None, True, _seconds),
    ]  # fmt: skip


def _over_plan(records: Sequence[Record], habit: str) -> float | None:
    """Give the median objective of a habit as a multiple of the plan's, over the records where both are known."""
    costs = [(r.get(habit), r["objective"]) for r in records if r.get(habit) is not None and r["objective"]]
    ratios = [(cost["objective"] if isinstance(cost, dict) else cost) / own for cost, own in costs]
    return median(ratios) if ratios else None


def table_text(records: Sequence[Record]) -> str:
    """Print every family with its medians and whether the targets hold."""
    known = groups(records)
    parts = []
    for group, own in known.items():
        size, sharing, kind, seconds = group
        lawless = sum(bool(r["first_come"]["violations"]) for r in own if "first_come" in r)
        head = f"{size}, {sharing:.0%} sharing, {kind}, {seconds:g} s, {len(own)} seeds"
        note = f" (first come breaks rules on {lawless})" if lawless else ""
        parts.append("\n".join([head + note, *(f"  {one}" for one in lines(group, own, known))]))
    return "\n\n".join(parts) or "nothing is measured yet"


def markdown(records: Sequence[Record]) -> str:
    """Give the README's table."""
    heads = ("family", "kind", "seeds", "first plan", "planned for", "proved gap", "proved optimal",
             "below first come", "(cost − bound) / (first come − bound)", "peak memory")  # fmt: skip
    rows = [heads, ("---",) * len(heads)]
    for (size, sharing, kind, seconds), own in groups(records).items():
        target = TARGETS[size, sharing]
        figures = (
            (first_plan(own, target), _seconds), (seconds, _seconds), (middle(own, GAP), _percent),
            (optimal(own), _percent), (middle(own, "below_first_come"), _percent),
            (middle(own, "share_left"), _percent), (middle(own, "memory"), _memory),
        )  # fmt: skip
        name = f"{size}, {CHANGES[size]:,} changes, {100 * sharing:.0f} % on shared services"
        cells = ("–" if value is None else shown(value) for value, shown in figures)
        rows.append((name, kind, str(len(own)), *cells))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 10 else f"{value:.0f} s"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _memory(value: float) -> str:
    return f"{value / 1024:.2f} GiB"


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _times(value: float) -> str:
    return f"{value:.2f} ×"
