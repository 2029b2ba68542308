import pytest
from builders import assert_rule, change, portfolio, schedule

from scheduler.rules.due import RULE


@pytest.mark.parametrize(
    ("due", "start", "legal"),
    [
        # One hour of work, reserved for two.
        ("Mon 05:00", "Mon 03:00", True),
        ("Mon 05:00", "Mon 03:30", False),  # the work is expected in time, its reserve is not
        ("Mon 05:00", "Mon 04:30", False),
        ("Mon 04:59", "Mon 03:00", False),  # the last slot ends a minute late
        ("Mon 05:29", "Mon 03:00", True),
        ("2027-02-01T00:00Z", "Mon 00:00", False),  # overdue
        ("Mon 00:00 +2w", "Sun 22:00", True),
        (None, "Mon 00:00", True),
    ],
)
def test_edges(due: str | None, start: str, legal: bool) -> None:
    p = portfolio(changes=[change("A", hours=1, p90=90, backout=30, due=due)])
    assert_rule(RULE, p, {"A": start}, legal=legal)


def test_words() -> None:
    p = portfolio(changes=[change("A", due="Mon 03:00")], zone="America/New_York")
    (violation,) = RULE.check(p, schedule(p, {"A": "Mon 02:30"}))
    assert violation.text == "A may last until Sun 28 Feb 2027 22:30 EST, but is due at Sun 28 Feb 2027 22:00 EST"
