import pytest
from builders import assert_rule, change, portfolio, schedule

from scheduler.rules.earliest import RULE


@pytest.mark.parametrize(
    ("earliest", "start", "legal"),
    [
        ("Mon 03:00", "Mon 03:00", True),
        ("Mon 03:00", "Mon 02:30", False),
        ("Mon 03:01", "Mon 03:00", False),  # inside a slot: the next one is the first
        ("Mon 03:01", "Mon 03:30", True),
        ("2027-02-01T00:00Z", "Mon 00:00", True),  # before the horizon
        ("Mon 00:00 +1w", "Sun 23:00", False),  # after it
        (None, "Mon 00:00", True),
    ],
)
def test_edges(earliest: str | None, start: str, legal: bool) -> None:
    assert_rule(RULE, portfolio(changes=[change("A", earliest=earliest)]), {"A": start}, legal=legal)


def test_words() -> None:
    p = portfolio(changes=[change("A", earliest="Mon 03:00")], zone="Asia/Singapore")
    (violation,) = RULE.check(p, schedule(p, {"A": "Mon 01:00"}))
    assert violation.text == (
        "A starts at Mon 1 Mar 2027 09:00 UTC+08, before its earliest start at Mon 1 Mar 2027 11:00 UTC+08"
    )
