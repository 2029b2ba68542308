"""A CP-SAT model under construction, written straight as the text of its protocol buffer.

A neighbourhood has thousands of rows and lives for a second: writing its text and parsing it at once is several times
quicker than one call of the modelling interface per row, and the text is what goes to another process.
"""

from collections.abc import Iterable, Mapping, Sequence

LOWEST = -(2**63)


class Rows:
    """Variables by number, rows over them, an objective and a hint. The negation of literal n is −n − 1."""

    def __init__(self) -> None:
        self.variables = 0
        self._domains: list[str] = []
        self._rows: list[str] = []
        self._objective = ""
        self._hint = ""

    def literals(self, count: int) -> range:
        """Add `count` literals and give their numbers."""
        begin = self.variables
        self.variables += count
        self._domains.append("variables{domain:[0,1]}\n" * count)
        return range(begin, self.variables)

    def integer(self, low: int, high: int) -> int:
        """Add an integer variable in [low, high] and give its number."""
        self._domains.append(f"variables{{domain:[{low},{high}]}}\n")
        self.variables += 1
        return self.variables - 1

    def exactly_one(self, literals: Iterable[int]) -> None:
        """Ask that one of the literals be true."""
        self._rows.append(f"constraints{{exactly_one{{literals:{list(literals)}}}}}\n")

    def at_most_one(self, literals: Iterable[int]) -> None:
        """Ask that no two of the literals be true."""
        self._rows.append(f"constraints{{at_most_one{{literals:{list(literals)}}}}}\n")

    def at_most(self, numbers: Sequence[int], amounts: Sequence[int], room: int) -> None:
        """Ask that Σ amount × variable be no more than `room`."""
        if numbers:
            self._rows.append(
                f"constraints{{linear{{vars:{list(numbers)} coeffs:{list(amounts)} domain:[{LOWEST},{room}]}}}}\n"
            )

    def minimise(self, prices: Mapping[int, int], most: int | None = None) -> None:
        """Ask for the lowest Σ price × variable, up to `most` where it is given; replaces what was asked before."""
        domain = "" if most is None else f"domain:[{LOWEST},{most}] "
        self._objective = f"objective{{{domain}vars:{list(prices)} coeffs:{list(prices.values())}}}\n" if prices else ""

    def hint(self, values: Mapping[int, int]) -> None:
        """Tell the solver values of variables; takes the place of the hint before."""
        self._hint = f"solution_hint{{vars:{list(values)} values:{list(values.values())}}}\n" if values else ""

    def text(self) -> str:
        """Give the model in the text format of protocol buffers."""
        return "".join((*self._domains, *self._rows, self._objective, self._hint))
