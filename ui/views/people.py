"""People: who may do what at the desk, who stands in for whom, how many must approve, and what secrets are about."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from scheduler.desk import workflow
from scheduler.desk.access import PERMISSIONS, ROLES, Actor, Role
from scheduler.desk.deciding import APPROVERS, approvers
from scheduler.desk.said import delegations
from scheduler.desk.tokens import tokens
from scheduler.horizon import wall_to_utc
from scheduler.wording import instant_text

from .. import state
from ..components.page import desk_or_stop, show_notice
from ..desk import Desk, Refusal
from ..markdown import escape_markdown
from ..text import visible

ICONS = {"yes": "✓ yes", "own": "◐ own team", "no": "✕ no"}


def show() -> None:
    """Draw the page."""
    st.title("People", anchor=False)
    show_notice()
    desk = desk_or_stop()
    actor = desk.actor()
    _users(desk, actor)
    _delegations(desk, actor)
    _approvers(desk, actor)
    _secrets(desk)
    with st.expander("What each role may do", icon=":material/rule:"):
        st.dataframe(
            pd.DataFrame(
                [
                    {"to": one.meaning} | {role: ICONS[grant] for role, grant in zip(ROLES, one.grants, strict=True)}
                    for one in PERMISSIONS
                ]
            ),
            hide_index=True,
            column_config={"to": st.column_config.TextColumn("", width="large")},
            alt="What each role may do.",
        )


def done(outcome: object, good: str) -> None:
    """Say what became of a write, and draw the page anew."""
    if isinstance(outcome, Refusal):
        state.notice(outcome.text, "bad")
    else:
        state.notice(good, "good")
    st.rerun()


# --- users -----------------------------------------------------------------------------------------------------------


def _users(desk: Desk, actor: Actor) -> None:
    people = desk.moment().people
    st.subheader("Users", anchor=False)
    if not people:
        st.info(
            "Nobody is known yet: whoever can reach this machine is an administrator. The first user you add must be "
            "one, and from then on only users come in.",
            icon=":material/person_add:",
        )
    else:
        bound = set(desk.moment().identities.values())
        rows = [
            {
                "user": visible(row["user"]),
                "name": visible(row["name"]),
                "role": row["role"],
                "team": visible(row["team"]),
                "standing": "✓ may come in" if row["active"] else "✕ sent away",
                "signed in": "yes" if row["user"] in bound else "",
            }
            for row in people.values()
        ]
        st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Everybody that the desk knows.")
    if actor.role != "administrator":
        st.caption("Administrators add people and change their roles.")
        return
    add, change = st.columns(2, gap="medium")
    with add.container(border=True):
        _form(desk, None)
    with change.container(border=True):
        if people:
            user = st.selectbox("Change", list(people), format_func=visible, key="people user")
            if user is not None:
                _form(desk, people[user])
                _identity(desk, user)
        else:
            st.text("There is nobody to change yet.")


def _form(desk: Desk, row: Any) -> None:
    kind = "new" if row is None else f"of {row['user']}"
    portfolio = desk.moment().portfolio
    teams = ["", *(portfolio.teams if portfolio else ())]
    roles: tuple[Role, ...] = ROLES if desk.moment().people else ("administrator",)
    with st.form(f"user {kind}", border=False):
        if row is None:
            user = st.text_input("User (the mail address they sign in with)", key="people new", max_chars=200)
        else:
            user = row["user"]
        name = st.text_input("Name", "" if row is None else row["name"], key=f"people name {kind}", max_chars=200)
        role = st.selectbox("Role", roles, 0 if row is None else roles.index(row["role"]), key=f"people role {kind}")
        held = row["team"] if row is not None and row["team"] in teams else ""
        team = st.selectbox(
            "Team (of a team member)", teams, teams.index(held), format_func=lambda one: visible(one) or "none",
            key=f"people team {kind}",
        )  # fmt: skip
        active = row is None or st.checkbox("May come in", row["active"], key=f"people active {kind}")
        label = "Add" if row is None else "Save"
        if st.form_submit_button(label, icon=":material/save:", type="primary" if row is None else "secondary"):
            given = {"role": role, "team": team or "", "name": name, "active": active}
            said = (
                f"{user.strip()} is {role}." if active else f"{user} was sent away, and has no good secrets any more."
            )
            done(desk.attempt(workflow.put_user, user, **given), said)


def _identity(desk: Desk, user: str) -> None:
    if user in desk.moment().identities.values() and st.button("Let them sign in anew", icon=":material/restart_alt:"):
        said = f"Whoever signs in next with the address {user} is this user."
        done(desk.attempt(workflow.forget_identity, user), said)


# --- delegation and approval -----------------------------------------------------------------------------------------


def _delegations(desk: Desk, actor: Actor) -> None:
    st.subheader("Standing in", anchor=False)
    moment = desk.moment()
    zone = moment.portfolio.policy.time_zone if moment.portfolio else "UTC"
    with desk.at.store.reading() as connection:
        found = delegations(connection, state.now())
    if not found:
        st.text("Nobody stands in for anybody.")
    for one in found:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            names = [visible(moment.name_of(user)) for user in (one.taker, one.giver)]
            when = f"{instant_text(one.start, zone)} to {instant_text(one.end, zone)}"
            st.text(f"{names[0]} approves in the place of {names[1]}, {when}", width="stretch")
            own = actor.role == "administrator" or one.giver == actor.user
            if own and desk.may("end delegation") and st.button("End", key=f"end delegation {one.id}"):
                done(desk.attempt(workflow.end_delegation, one.id), "It is ended.")
    if not desk.may("delegate") or len(moment.people) < 2:
        return
    with st.expander("Let somebody approve in your place", icon=":material/swap_horiz:"), st.form("delegate"):
        others = [user for user, row in moment.people.items() if row["active"]]
        giver = st.selectbox(
            "Who is away", others if actor.role == "administrator" else [actor.user],
            others.index(actor.user) if actor.role == "administrator" and actor.user in others else 0,
            format_func=lambda one: visible(moment.name_of(one)), key="delegate giver",
        )  # fmt: skip
        taker = st.selectbox(
            "Who approves", others, format_func=lambda one: visible(moment.name_of(one)), key="delegate taker"
        )
        today = state.now().date()
        first, last = st.date_input("From", today, key="delegate from"), st.date_input("To", today, key="delegate to")
        st.caption(f"Whole days in {escape_markdown(zone)}.")
        if st.form_submit_button("Delegate"):
            given = {"start": _midnight(first, zone), "end": _midnight(last + timedelta(days=1), zone), "giver": giver}
            done(desk.attempt(workflow.delegate, taker, **given), "So it is.")


def _midnight(day: date, zone: str) -> datetime:
    return wall_to_utc(datetime.combine(day, time()), zone)


def _approvers(desk: Desk, actor: Actor) -> None:
    st.subheader("How many must approve", anchor=False)
    with desk.at.store.reading() as connection:
        numbers = {type: approvers(connection, type) for type in APPROVERS}
    if not actor.may("set"):
        st.text(", ".join(f"{type}: {number}" for type, number in numbers.items()))
        return
    with st.form("approvers"):
        columns = st.columns(len(numbers))
        given = {
            type: int(column.number_input(f"{type} changes", 1, 9, number, key=f"approvers {type}"))
            for column, (type, number) in zip(columns, numbers.items(), strict=True)
        }
        if st.form_submit_button("Save"):
            done(desk.attempt(workflow.set_approvers, **given), "From now on that many must approve.")


def _secrets(desk: Desk) -> None:
    st.subheader("Secret addresses", anchor=False)
    with desk.at.store.reading() as connection:
        found = [one for one in tokens(connection) if one.good(state.now())]
    if not found:
        st.text("There are none.")
        return
    counts = pd.DataFrame([{"user": visible(one.user), "opens": f"{one.kind} {one.scope}".strip()} for one in found])
    st.dataframe(
        counts.groupby(["user", "opens"], as_index=False).size().rename(columns={"size": "addresses"}),
        hide_index=True,
        alt="Who holds secret addresses of calendars.",
    )
    st.caption("They are made, replaced and revoked on the page Calendars.")
