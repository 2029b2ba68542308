from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest

from scheduler.horizon import WeeklyHours, Window
from scheduler.portfolio import (
    Calendar,
    Change,
    Decision,
    Dependency,
    Engineer,
    Event,
    Impact,
    PastWork,
    Predecessor,
    Preference,
    Service,
    Team,
)


def test_every_column_of_a_change(folder: Any) -> None:
    folder.write("services.csv", "service\nmail\nweb\n").write("history.csv", "change\nC0\n")
    folder.write("calendars.csv", "calendar,kind,hours\nnight,allowed,22:00-06:00\n")
    folder.write(
        "changes.csv",
        "change,title,type,services,impact,duration_minutes,duration_p90_minutes,backout_minutes,failure_chance,earliest,"
        "due,after,not_with,skills,allowed,mandatory,drop_cost,delay_cost_per_day,fixed_start,what_you_will_notice,why,"
        "workaround,requested_by,description\n"
        "C1,One,emergency,web;mail,DEGRADED,60,90,30,0.1,2027-03-02,2027-03-09T12:00+02:00,C0+2h,C2,dba*2,night,no,"
        '1250.50,3.10,2027-03-03 01:00,Slow,Old,Wait,Bea,"a\nb"\nC2,,,mail,,45,,,,,,,,,,,,,,,,,,\n',
    )
    changes = folder.load().changes
    assert changes["C1"] == Change(
        id="C1",
        title="One",
        type="emergency",
        services=("web", "mail"),
        impact=Impact.DEGRADED,
        duration_minutes=60,
        duration_p90_minutes=90,
        backout_minutes=30,
        failure_chance=0.1,
        earliest=datetime(2027, 3, 2, tzinfo=UTC),
        due=datetime(2027, 3, 9, 10, tzinfo=UTC),
        after=(Predecessor(change="C0", lag_minutes=120),),
        not_with=("C2",),
        skills=(("dba", 2),),
        allowed=("night",),
        mandatory=False,
        drop_cost_cents=125050,
        delay_cost_cents_per_day=310,
        fixed_start=datetime(2027, 3, 3, 1, tzinfo=UTC),
        what_you_will_notice="Slow",
        why="Old",
        workaround="Wait",
        requested_by="Bea",
        description="a\nb",
    )
    # P90 = P50, no backout and so no chance of failure, and C1 may not run with it either.
    assert changes["C2"] == Change(
        id="C2", title="C2", services=("mail",), duration_minutes=45, duration_p90_minutes=45, not_with=("C1",)
    )


@pytest.mark.parametrize(
    ("backout", "chance", "expected"),
    [("", "", 0.0), ("0", "", 0.0), ("30", "", 0.05), ("30", "0", 0.0), ("", "0.2", 0.2)],
)
def test_the_chance_of_failure(folder: Any, backout: str, chance: str, expected: float) -> None:
    folder.policy("failure_chance = 0.05")
    folder.write(
        "changes.csv",
        f"change,services,duration_minutes,backout_minutes,failure_chance\nC1,mail,60,{backout},{chance}\n",
    )
    assert folder.load().changes["C1"].failure_chance == expected


def test_zones_default_to_the_policy(folder: Any) -> None:
    folder.policy("", time_zone='"Asia/Singapore"').write("engineers.csv", "engineer,skills,time_zone\nana,dba,\n")
    folder.write("calendars.csv", "calendar,kind,hours,time_zone\na,allowed,22:00-06:00,\nb,allowed,,Europe/London\n")
    portfolio = folder.load()
    zones = [portfolio.teams["Blue"].time_zone, portfolio.services["mail"].time_zone]
    zones += [portfolio.engineers["ana"].time_zone, portfolio.calendars["a"].time_zone]
    assert zones == ["Asia/Singapore"] * 4
    assert portfolio.calendars["b"].time_zone == "Europe/London"


def test_the_rest_of_the_world(folder: Any) -> None:
    folder.policy("[service_levels.gold]\nweight = 2")
    folder.write(
        "teams.csv",
        "team,name,service_level,time_zone,holidays,cost_per_user_hour,uses,headcount,notice_days,contact,email,language\n"
        "Blue,Blue team,gold,Europe/London,GB-ENG,10.01,mail;pool,7,3,Bea,bea@example.com,en\n",
    )
    folder.write(
        "services.csv", "service,name,used_for,site,time_zone,owner\nmail,Mail,letters,hq,UTC,Ops\nm1,,,,,\nm2,,,,,\n"
    )
    folder.write("redundancy.csv", "group,service,min_up\npool,m1,\npool,m2,\n")
    folder.write("dependencies.csv", "service,depends_on,effect\nmail,pool,degraded\n")
    folder.write("engineers.csv", "engineer,skills,works\nana,dba;network,Mon-Fri 08:00-18:00\n")
    folder.write("decisions.csv", "change,kind,start,announced_at\nC1,approve,2027-03-02 02:00,2027-02-01\n")
    portfolio = folder.load()
    assert portfolio.teams == {
        "Blue": Team(id="Blue", name="Blue team", service_level="gold", time_zone="Europe/London", holidays="GB-ENG",
                     cost_cents_per_user_hour=1001, uses=("mail", "pool"), headcount=7, notice_days=3, contact="Bea",
                     email="bea@example.com", language="en")
    }  # fmt: skip
    assert portfolio.services["mail"] == Service(id="mail", name="Mail", used_for="letters", site="hq", owner="Ops")
    assert portfolio.groups["pool"].members == ("m1", "m2")
    assert portfolio.groups["pool"].min_up == 1
    assert portfolio.dependencies == (Dependency(service="mail", depends_on="pool", effect="DEGRADED"),)
    assert portfolio.engineers == {
        "ana": Engineer(id="ana", skills=frozenset(["dba", "network"]), works="Mon-Fri 08:00-18:00")
    }
    assert portfolio.decisions == (
        Decision(change="C1", kind="approve", start=datetime(2027, 3, 2, 2, tzinfo=UTC),
                 announced_at=datetime(2027, 2, 1, tzinfo=UTC)),
    )  # fmt: skip


def test_no_engineers_is_not_the_same_as_nobody(folder: Any) -> None:
    assert folder.load().engineers is None
    assert folder.write("engineers.csv", "engineer,skills\n").load().engineers == {}


def test_calendars(folder: Any) -> None:
    folder.write(
        "days.ics",
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20270305T080000Z\nDURATION:PT1H\nEND:VEVENT\nEND:VCALENDAR\n",
    )
    folder.write(
        "calendars.csv",
        "calendar,kind,file,hours,applies_to\nfreeze,blackout,,Fri 18:00-24:00,\nall,allowed,,,\n"
        "some,blackout,,Sun 00:00-24:00,service:mail; team:Blue\ndays,blackout,days.ics,,\n",
    )
    calendars = folder.load().calendars
    always, never = WeeklyHours.parse(""), WeeklyHours(())
    assert calendars["freeze"] == Calendar(
        id="freeze", kind="blackout", hours=WeeklyHours.parse("Fri 18:00-24:00"), applies_to=("*",)
    )
    assert calendars["all"] == Calendar(id="all", kind="allowed", hours=always, applies_to=())
    assert calendars["some"].applies_to == ("service:mail", "team:Blue")
    assert calendars["days"] == Calendar(
        id="days",
        kind="blackout",
        hours=never,
        periods=(Window(datetime(2027, 3, 5, 8, tzinfo=UTC), datetime(2027, 3, 5, 9, tzinfo=UTC)),),
        applies_to=("*",),
    )


def test_decisions_about_finished_work_are_left_out(folder: Any) -> None:
    folder.write("history.csv", "change\nC0\n")
    folder.write("decisions.csv", "change,kind,start\nC0,pin,2027-01-01\nC1,reject,2027-03-02 01:10\n")
    assert [one.change for one in folder.load().decisions] == ["C1"]


def test_a_soft_calendar(folder: Any) -> None:
    folder.write("calendars.csv", "calendar,kind,hours,hard,cost_per_hour\nnight,blackout,22:00-06:00,no,50.05\n")
    night = folder.load().calendars["night"]
    assert (night.hard, night.cost_cents_per_hour) == (False, 5005)
    assert folder.warnings() == []


def test_events(folder: Any) -> None:
    # Blue's times are those of Singapore, eight hours ahead; a row for all teams is on the policy's clock (New York,
    # five hours behind in March before the 14th).
    folder.policy("", time_zone='"America/New_York"')
    folder.write(
        "teams.csv", "team,cost_per_user_hour,uses,headcount,contact,time_zone\nBlue,10,mail,5,Bea,Asia/Singapore\n"
    )
    folder.write(
        "events.csv",
        "team,start,end,factor,users,note\nBlue,2027-03-02,2027-03-03T00:00Z,1.25,,Fair\n"
        "*,2027-03-05,2027-03-06,,0.5,\n",
    )
    assert folder.load().events == (
        Event(team="Blue", start=datetime(2027, 3, 1, 16, tzinfo=UTC), end=datetime(2027, 3, 3, tzinfo=UTC),
              factor=Fraction(5, 4), note="Fair"),
        Event(team="*", start=datetime(2027, 3, 5, 5, tzinfo=UTC), end=datetime(2027, 3, 6, 5, tzinfo=UTC),
              users=Fraction(1, 2)),
    )  # fmt: skip
    assert folder.warnings() == []


def test_preferences(folder: Any) -> None:
    folder.write(
        "teams.csv", "team,cost_per_user_hour,uses,headcount,contact,time_zone\nBlue,10,mail,5,Bea,Asia/Singapore\n"
    )
    folder.write(
        "preferences.csv",
        "team,kind,hours,start,end,cost_per_hour,reason\nBlue,avoid,Mon 08:00-10:00,,,12.50,Stand-up\n"
        "Blue,never,,2027-03-02,2027-03-03,,\nBlue,prefer,Sun 00:00-24:00,,,,\n",
    )
    assert folder.load().preferences == (
        Preference(team="Blue", kind="avoid", hours=WeeklyHours.parse("Mon 08:00-10:00"), cost_cents_per_hour=1250,
                   reason="Stand-up"),
        Preference(team="Blue", kind="never", start=datetime(2027, 3, 1, 16, tzinfo=UTC),
                   end=datetime(2027, 3, 2, 16, tzinfo=UTC)),
        Preference(team="Blue", kind="prefer", hours=WeeklyHours.parse("Sun 00:00-24:00")),
    )  # fmt: skip
    assert folder.warnings() == [
        "preferences.csv, row 4, cost_per_hour: is empty, so this row changes nothing; say what other hours cost"
    ]


def test_past_work(folder: Any) -> None:
    folder.write(
        "history.csv", "change,kind,services,planned_start,planned_end\nC0,patch,mail;web,2027-01-05,\nC9,,,,\n"
    )
    portfolio = folder.load()
    assert portfolio.history == (
        PastWork(change="C0", kind="patch", services=("mail", "web"), planned_start=datetime(2027, 1, 5, tzinfo=UTC)),
        PastWork(change="C9"),
    )
    assert portfolio.done == {"C0", "C9"}


def test_starting_together_holds_both_ways(folder: Any) -> None:
    folder.write(
        "changes.csv", "change,services,duration_minutes,same_window_as\nC1,mail,60,C3\nC2,mail,60,\nC3,mail,60,C2\n"
    )
    changes = folder.load().changes
    assert [changes[name].same_window_as for name in ("C1", "C2", "C3")] == [("C3",), ("C3",), ("C2", "C1")]
