"""The lengths that past work really took, beside those typed, as `check` shows them."""

from collections.abc import Iterator
from typing import Any

from scheduler.demand.learnt import learnt
from scheduler.portfolio import Portfolio

MOST_LENGTHS = 20


def lengths_text(portfolio: Portfolio) -> str:
    """List the changes whose lengths past work tells something of; empty where there are none."""
    return "\n".join(_lengths(portfolio))


def lengths_document(portfolio: Portfolio) -> list[dict[str, Any]]:
    """Give the same as JSON, all lengths in minutes."""
    return [
        {
            "change": name,
            "duration_minutes": portfolio.changes[name].duration_minutes,
            "duration_p90_minutes": portfolio.changes[name].duration_p90_minutes,
            "learnt_p50_minutes": one.p50_minutes,
            "learnt_p90_minutes": one.p90_minutes,
            "works": one.works,
            "of": one.of,
        }
        for name, one in learnt(portfolio).items()
    ]


def _lengths(portfolio: Portfolio) -> Iterator[str]:
    found = learnt(portfolio)
    if found:
        yield "lengths in minutes as typed, and as past work took (shown only; the typed ones are planned with):"
    for name, one in list(found.items())[:MOST_LENGTHS]:
        change = portfolio.changes[name]
        typed = f"P50 {change.duration_minutes}, P90 {change.duration_p90_minutes}"
        yield f"  {name}: {typed}; learnt P50 {one.p50_minutes}, P90 {one.p90_minutes} ({one.works} works: {one.of})"
    if len(found) > MOST_LENGTHS:
        yield f"  and {len(found) - MOST_LENGTHS} more, which --json lists"
