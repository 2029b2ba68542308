"""The work of vendors is priced and announced like ours, at the time they chose, and blocks or accompanies ours."""

from dataclasses import replace
from pathlib import Path

import pytest
from builders import when
from desks import Desk

from scheduler.desk.library import portfolio_of
from scheduler.desk.store import Store
from scheduler.explain import Witness
from scheduler.horizon import Window
from scheduler.inputs import InputError, load
from scheduler.inputs.external import slots_of
from scheduler.portfolio import Impact, Portfolio
from scheduler.publish.feeds import team_feed
from scheduler.rules import RULES
from scheduler.solver.solve import solve
from scheduler.standing import THEIRS
from scheduler.verify import bill, verify

TABLES = {
    "policy.toml": 'name = "x"\nstart = 2027-03-01T00:00:00Z\nnow = 2027-03-01T00:00:00Z\nweeks = 1\n'
    "[service_levels.premium]\nweight = 1\nnotice_days = 14\nprotected_hours = 'Mon-Fri 08:00-18:00'\n",
    "teams.csv": "team,cost_per_user_hour,uses,headcount,service_level,contact\nblue,60,app,10,premium,Ann\n",
    "services.csv": "service\nwan\napp\n",
    "dependencies.csv": "service,depends_on\napp,wan\n",
    "changes.csv": "change,services,duration_minutes,type\nC,app,60,emergency\n",
    # Wednesday 09:10 to 10:40: in protected hours, in a blackout, and told far too late.
    "external.csv": "external,title,provider,services,start,end,blocks\n"
    "carrier-WO1,Splicing,carrier.example,wan,2027-03-03T09:10:00Z,2027-03-03T10:40:00Z,{blocks}\n",
    "calendars.csv": "calendar,kind,hours\nclosing,blackout,Wed 00:00-24:00\n",
}


def made(folder: Path, blocks: str = "no", **more: str) -> Portfolio:
    for name, text in (TABLES | more).items():
        (folder / name).write_text(text.replace("{blocks}", blocks))
    return load(folder)


def test_it_is_where_the_vendor_put_it_and_is_priced(tmp_path: Path) -> None:
    portfolio = made(tmp_path)
    one = portfolio.changes["carrier-WO1"]
    # Whole slots around it: 09:00 to 11:00.
    assert (one.fixed_start, one.duration_minutes, one.type) == (when("Wed 09:00"), 120, "external")
    result = solve(portfolio, deterministic=3.0)
    assert result.status == "OPTIMAL"
    placed = result.schedule.by_change
    assert placed["carrier-WO1"].start == when("Wed 09:00")
    assert verify(portfolio, result.schedule) == []
    # 10 users at 60 an hour for two hours.
    cents = sum(one.cents for one in bill(portfolio, result.schedule) if one.change == "carrier-WO1")
    assert cents == 120_000
    feed = team_feed(portfolio, result.schedule, "blue").decode().replace("\r\n ", "")
    assert "Why: carrier.example works on what we get from them." in feed
    assert "Splicing" not in feed
    assert Witness(portfolio, result.schedule).explain("carrier-WO1").change == "carrier-WO1"


def test_ours_shares_the_outage_or_keeps_out_of_it(tmp_path: Path) -> None:
    head = "change,services,duration_minutes,type,earliest,due\n"
    late = f"{head}C,app,60,emergency,2027-03-03T09:00:00Z,2027-03-03T14:00:00Z\n"
    free = {"calendars.csv": "calendar,kind,hours\nclosing,blackout,Sun 00:00-24:00\n", "changes.csv": late}
    levels = {"policy.toml": TABLES["policy.toml"].replace("Mon-Fri 08:00-18:00", "Sat 08:00-18:00")}
    shared = made(tmp_path, **free, **levels)
    assert solve(shared, deterministic=3.0).schedule.by_change["C"].start in (when("Wed 09:00"), when("Wed 10:00"))
    # `app` needs `wan`, but C works on `app` alone: it is `wan` that is blocked.
    blocked = made(tmp_path, "yes", **free | {"changes.csv": late.replace(",app,", ",wan,")}, **levels)
    assert blocked.calendars["carrier-WO1"].applies_to == ("service:wan",)
    assert solve(blocked, deterministic=3.0).schedule.by_change["C"].start == when("Wed 11:00")


def test_it_obeys_none_of_the_rules_that_may_be_set_aside() -> None:
    assert {rule.name for rule in RULES if rule.strict is not None} == THEIRS


@pytest.mark.parametrize(
    ("start", "end", "now", "expected"),
    [
        ("Wed 09:10", "Wed 10:40", "Mon 00:00", ("Wed 09:00", "Wed 11:00")),
        ("Wed 09:10", "Wed 10:40", "Wed 09:40", ("Wed 10:00", "Wed 11:00")),
        ("Wed 09:10", "Wed 10:40", "Wed 10:40", None),
        ("2027-02-28T23:00Z", "Mon 01:00", "Mon 00:00", ("Mon 00:00", "Mon 01:00")),
        ("Sun 23:00", "Mon 03:00 +1w", "Mon 00:00", ("Sun 23:00", "Mon 00:00 +1w")),
        ("Mon 03:00 +1w", "Mon 04:00 +1w", "Mon 00:00", None),
    ],
)
def test_only_what_lies_ahead_is_taken(
    tmp_path: Path, start: str, end: str, now: str, expected: tuple[str, str] | None
) -> None:
    horizon = made(tmp_path).horizon
    found = slots_of(Window(when(start), when(end)), horizon, when(now))
    assert found == (Window(when(expected[0]), when(expected[1])) if expected else None)


def test_wrong_rows_are_reported(tmp_path: Path) -> None:
    rows = (
        "external,services,start,end\nC,wan,2027-03-03T09:00:00Z,2027-03-03T09:00:00Z\nX,none,2027-03-03T09:00:00Z,\n"
    )
    with pytest.raises(InputError) as caught:
        made(tmp_path, **{"external.csv": rows})
    text = str(caught.value)
    assert "external.csv, row 2, external: 'C' is a change already" in text
    assert "external.csv, row 2, end: is not after start" in text
    assert "external.csv, row 3, services: 'none'" in text


def test_a_desk_takes_it_over(tmp_path: Path, store: Store) -> None:
    portfolio = made(tmp_path)
    desk = Desk(store)
    desk.bring(portfolio)
    with store.reading() as connection:
        kept = portfolio_of(connection).changes["carrier-WO1"]
    assert replace(kept, impact=Impact.OUTAGE) == portfolio.changes["carrier-WO1"]
    desk.scheduled("carrier-WO1", "Wed 09:00")
    assert desk.row("carrier-WO1")["state"] == "Scheduled"
