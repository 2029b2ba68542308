import pytest
from builders import assert_rule, change, portfolio, schedule

from scheduler.rules.conflict import RULE


@pytest.mark.parametrize(
    ("start", "legal"),
    [
        # A runs 03:00-04:00 and is reserved until 05:00; B takes one hour.
        ("Mon 02:00", True),
        ("Mon 02:30", False),
        ("Mon 04:00", False),  # inside the reserve
        ("Mon 04:30", False),
        ("Mon 05:00", True),
    ],
)
@pytest.mark.parametrize("says", ["A", "B", "both"])
def test_edges_whoever_says_so(start: str, legal: bool, says: str) -> None:
    a = change("A", backout=60, not_with="B" if says != "B" else ())
    b = change("B", not_with="A" if says != "A" else ())
    assert_rule(RULE, portfolio(changes=[a, b]), {"A": "Mon 03:00", "B": start}, legal=legal)


def test_pairs_only() -> None:
    # A excludes B and C; these two may overlap.
    p = portfolio(changes=[change("A", not_with="B;C"), change("B"), change("C")])
    assert_rule(RULE, p, {"A": "Mon 00:00", "B": "Mon 01:00", "C": "Mon 01:00"}, legal=True)
    assert_rule(RULE, p, {"A": "Mon 00:00", "B": "Mon 01:00", "C": "Mon 00:30"}, legal=False)


def test_left_out_done_and_itself() -> None:
    p = portfolio(changes=[change("A", not_with="A;B;old", drop=1), change("B")], done="old")
    assert_rule(RULE, p, {"B": "Mon 00:00"}, legal=True)
    assert_rule(RULE, p, {"A": "Mon 00:00"}, legal=True)


def test_words() -> None:
    p = portfolio(changes=[change("B", hours=2, not_with="A"), change("A")])
    (violation,) = RULE.check(p, schedule(p, {"A": "Mon 01:30", "B": "Mon 00:00"}))
    assert violation.changes == ("A", "B")
    assert violation.text == "A and B exclude each other and overlap at Mon 1 Mar 2027 01:30 to 02:00 UTC"
