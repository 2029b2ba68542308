from dataclasses import replace

import pytest
from builders import assert_rule, change, portfolio, schedule, when

from scheduler.rules.mandatory import RULE
from scheduler.schedule import Schedule


@pytest.mark.parametrize(
    ("placed", "legal"),
    [
        ("ABC", True),
        ("AB", True),  # C is optional, with a price
        ("A", True),  # and so is B, for nothing
        ("BC", False),
        ("", False),
    ],
)
def test_only_optional_changes_may_be_left_out(placed: str, legal: bool) -> None:
    p = portfolio(changes=[change("A"), change("B", optional=True), change("C", drop=500)])
    assert_rule(RULE, p, {name: "Mon 01:00" for name in placed}, legal=legal)


def test_every_change_left_out_is_named() -> None:
    p = portfolio(changes=[change("A"), change("B"), change("C")])
    assert [one.changes for one in RULE.check(p, schedule(p, {"B": "Mon 01:00"}))] == [("A",), ("C",)]


def test_unknown_and_doubled_changes() -> None:
    p = portfolio(changes=[change("A")])
    a = schedule(p, {"A": "Mon 01:00"}).placements[0]
    stranger = replace(a, change="X")
    (unknown,) = RULE.check(p, Schedule((a, stranger)))
    assert unknown.text == "X is placed but is no change of this portfolio"
    (doubled,) = RULE.check(p, Schedule((a, replace(a, start=a.start))))
    assert doubled.text == "A is placed 2 times"


def test_ends_must_match_the_length() -> None:
    # One hour of work, at most 100 minutes, 20 minutes to back out: 120 minutes reserved.
    p = portfolio(changes=[change("A", hours=1, p90=100, backout=20)])
    a = schedule(p, {"A": "Mon 01:00"}).placements[0]
    assert (a.end, a.reserved_until) == (when("Mon 02:00"), when("Mon 03:00"))
    assert list(RULE.check(p, Schedule((a,)))) == []
    for wrong in (replace(a, reserved_until=a.end), replace(a, end=a.reserved_until)):
        (violation,) = RULE.check(p, Schedule((wrong,)))
        assert violation.text.endswith(
            "does not have its length: from that start it ends at Mon 1 Mar 2027 02:00 UTC "
            "and is reserved until Mon 1 Mar 2027 03:00 UTC"
        )
