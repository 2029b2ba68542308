"""Answers that outlive one portfolio: what a what-if leaves alone need not be worked out again.

`dataclasses.replace` makes a portfolio that shares with the first every part but the replaced ones, and what was
carried over. An answer that depends on shared parts alone is then the same answer.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from scheduler.portfolio import Portfolio

T = TypeVar("T")


def carried(*parts: str) -> Callable[[Callable[[Portfolio], T]], Callable[[Portfolio], T]]:
    """Compute `function(portfolio)` once for all portfolios made from one another in which `parts` are the same.

    The function may look at no other field of the portfolio. Parts are the same if they are the same objects, as
    comparing millions of rows would take longer than most answers; only the answer for the latest ones is carried on.
    """

    def decorate(function: Callable[[Portfolio], T]) -> Callable[[Portfolio], T]:
        @wraps(function)
        def once(portfolio: Portfolio) -> T:
            if function not in portfolio._memo:
                own = tuple(getattr(portfolio, part) for part in parts)
                latest: tuple[tuple[Any, ...], T] | None = portfolio._carried.get(function)
                if latest is None or any(one is not other for one, other in zip(own, latest[0], strict=True)):
                    latest = portfolio._carried[function] = own, function(portfolio)
                portfolio._memo[function] = latest[1]
            answer: T = portfolio._memo[function]
            return answer

        once.parts = parts  # type: ignore[attr-defined]
        return once

    return decorate
