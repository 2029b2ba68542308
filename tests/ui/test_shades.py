"""Closed hours: which blackout is whose, and whose day off it is."""

from dataclasses import replace
from datetime import datetime

from builders import MONDAY, blackout, portfolio, service, team

from scheduler.ui.shades import shaded


def rows(p, by, ids, zone="UTC"):
    frame = shaded(p, by, ids, p.horizon.window, zone)
    return [
        (one.id, one.kind, one.text, one.start.to_pydatetime(), one.end.to_pydatetime()) for one in frame.itertuples()
    ]


def local(day: int, hour: int) -> datetime:
    return MONDAY.replace(tzinfo=None, day=MONDAY.day + day, hour=hour)


def test_a_blackout_shades_what_it_applies_to() -> None:
    p = portfolio(
        services=[service("app", site="london"), service("mail")],
        teams=[team("Blue", uses="app"), team("Green", uses="mail")],
        blackouts=[
            blackout("Tue 01:00", "Tue 02:00", id="all"),
            blackout("Wed 01:00", "Wed 02:00", id="site", applies_to="site:london"),
            blackout("Thu 01:00", "Thu 02:00", id="green", applies_to="team:Green"),
        ],
    )
    assert [(one[2], one[3]) for one in rows(p, "service", ["app"])] == [("all", local(1, 1)), ("site", local(2, 1))]
    assert [one[2] for one in rows(p, "service", ["mail"])] == ["all", "green"]
    assert [one[2] for one in rows(p, "team", ["Green"])] == ["all", "green"]
    assert [one[2] for one in rows(p, "team", ["Blue"])] == ["all"]


def test_a_day_off_is_that_of_the_team_in_its_zone() -> None:
    # 17 March 2027 is a public holiday in Northern Ireland, and none in England.
    p = portfolio(
        weeks=3,
        services=[service("app")],
        teams=[
            replace(team("Blue", uses="app", zone="Europe/London"), holidays="GB-NIR"),
            replace(team("Green", uses="app"), holidays="GB-ENG"),
        ],
    )
    (one,) = rows(p, "service", ["app"])
    assert one[1:3] == ("holiday", "public holiday of Blue")
    assert (one[3], one[4]) == (datetime(2027, 3, 17), datetime(2027, 3, 18))  # noqa: DTZ001
    assert rows(p, "team", ["Green"]) == []
