import pytest
from builders import calendar, change, depends, group, portfolio, service, team

from scheduler.demand.reach import binds


@pytest.mark.parametrize(
    ("applies_to", "bound"),
    [
        # A takes `db` out; `app` goes out with it and `web` is degraded; `mail` stays up.
        ("*", "ABC"),
        ("service:db", "AB"),  # B lists it, though it does nothing to it
        ("service:app", "A"),
        ("service:web", "A"),
        ("service:mail", "C"),
        ("team:blue", "A"),  # uses `web`
        ("team:green", "AB"),  # uses `db`
        ("team:red", "C"),  # uses `mail`
        ("site:north", "AB"),  # where `db` is
        ("site:south", "C"),
        ("service:app;service:mail", "AC"),
        ("engineer:ana", ""),
        ((), ""),
    ],
)
def test_what_a_calendar_binds(applies_to: str, bound: str) -> None:
    p = portfolio(
        changes=[
            change("A", services="db"),
            change("B", services="db", impact="NO-IMPACT"),
            change("C", services="mail", impact="REDUCED-REDUNDANCY"),
        ],
        services=[service("db", site="north"), service("mail", site="south"), service("app", site="east")],
        dependencies=[depends("app", "db"), depends("web", "app", "DEGRADED")],
        teams=[team("blue", uses="web"), team("green", uses="db"), team("red", uses="mail")],
        calendars=[calendar("hours", "allowed", "", applies_to=applies_to)],
    )
    assert "".join(name for name in p.changes if binds(p, p.calendars["hours"], name)) == bound


def test_groups_are_touched_only_when_they_go_out() -> None:
    p = portfolio(
        changes=[change("A", services="m1"), change("B", services="m1;m2")],
        groups=[group("G", "m1;m2")],
        dependencies=[depends("web", "G")],
        calendars=[calendar("hours", "allowed", "", applies_to="service:web")],
    )
    assert [name for name in p.changes if binds(p, p.calendars["hours"], name)] == ["B"]
