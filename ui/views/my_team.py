"""A team's own page: its windows in its own time, what it objected to and what it was answered, what it asked for."""

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from scheduler.desk import workflow
from scheduler.desk.access import ForbiddenError
from scheduler.desk.said import ObjectionOf, Wish, objections, wishes
from scheduler.desk.windows import DeskWindow
from scheduler.horizon import Window
from scheduler.portfolio import Portfolio
from scheduler.schedule import CLIENT_COSTS
from scheduler.wording import day_text, instant_text, money_text, window_text

from .. import state
from ..components import decision, talk
from ..components.page import desk_plan_or_stop
from ..desk import Desk, Moment, Refusal
from ..heat import row_labels
from ..markdown import escape_markdown
from ..review import Plan
from ..text import visible

STATUS = {"proposed": "proposed", "scheduled": "approved", "implementing": "under way", "done": "over",
          "cancelled": "cancelled"}  # fmt: skip
COLOURS = {"proposed": "blue", "scheduled": "green", "implementing": "orange", "done": "gray", "cancelled": "red"}
ICONS = {"proposed": "radio_button_unchecked", "scheduled": "check", "implementing": "construction", "done": "task_alt",
         "cancelled": "delete"}  # fmt: skip
PAGE = 10


def show() -> None:
    """Draw the page."""
    desk, moment, plan = desk_plan_or_stop("My team")
    portfolio = plan.portfolio
    team = _team(desk, portfolio)
    if team is None:
        return
    zone = portfolio.teams[team].time_zone
    names = row_labels(portfolio, "team")
    st.title(f"Windows of {escape_markdown(names[team])}", anchor=False)
    st.caption(f"Times are local in {escape_markdown(zone)}, the zone of this team.")
    with desk.at.store.reading() as connection:
        said, asked = objections(connection, team=team), wishes(connection, team=team)
    now = state.now()
    mine = sorted((one for one in moment.position.windows.values() if team in _teams(moment, one)), key=_start)
    coming = [one for one in mine if one.status != "withdrawn" and one.reserved_until > now]
    over = [one for one in mine if one.status != "withdrawn" and one.reserved_until <= now]
    _windows(desk, plan, team, coming, said, "Coming", "Nothing is planned that takes something from this team.")
    if over:
        _windows(desk, plan, team, over[::-1], said, "Over", "")
    _wishes(desk, team, asked, portfolio)


def _teams(moment: Moment, one: DeskWindow) -> Sequence[str]:
    row = moment.position.changes.get(one.change)
    return row["teams"] if row else ()


def _start(one: DeskWindow) -> datetime:
    return one.start


def _team(desk: Desk, portfolio: Portfolio) -> str | None:
    """Give the team of who looks; whoever is of none chooses one."""
    names = row_labels(portfolio, "team")
    try:
        own = desk.actor().team
    except ForbiddenError:
        own = ""
    if own in names:
        return own
    if not names:
        st.title("My team", anchor=False)
        st.info("The portfolio has no teams yet.", icon=":material/group_off:")
        return None
    chosen: str | None = st.selectbox("Team", list(names), format_func=lambda one: names[one], key="team",
                                      bind="query-params", width=320)  # fmt: skip
    return chosen


def _windows(
    desk: Desk, plan: Plan, team: str, found: Sequence[DeskWindow], said: Sequence[ObjectionOf], title: str, none: str
) -> None:
    st.subheader(f"{title} ({len(found)})", anchor=False)
    if not found:
        st.info(none, icon=":material/event_available:")
        return
    page = st.pagination(-(-len(found) // PAGE), key=f"page {title}") if len(found) > PAGE else 1
    for one in found[(page - 1) * PAGE : page * PAGE]:
        with st.container(border=True):
            _window(desk, plan, team, one, [objection for objection in said if objection.change == one.change])


def _window(desk: Desk, plan: Plan, team: str, one: DeskWindow, said: Sequence[ObjectionOf]) -> None:
    portfolio, moment = plan.portfolio, desk.moment()
    zone = portfolio.teams[team].time_zone
    known = moment.portfolio.changes if moment.portfolio is not None else {}
    change = known.get(one.change)
    row = moment.position.changes[one.change]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(STATUS[one.status], color=COLOURS[one.status], icon=f":material/{ICONS[one.status]}:")  # type: ignore[arg-type]
        st.markdown(f"**{window_text(Window(one.start, one.reserved_until), zone)}**")
    st.text(visible(f"{one.change}  {change.title}" if change is not None else one.change))
    if change is not None:
        for label, text in (("You will notice", change.what_you_will_notice), ("Why", change.why),
                            ("Meanwhile", change.workaround)):  # fmt: skip
            if text:
                st.text(f"{label}: {visible(text)}")
    cents = sum(
        charge.cents
        for charge in plan.result.charges
        if (charge.change, charge.team) == (one.change, team) and charge.cost in CLIENT_COSTS
    )
    if cents:
        lost = money_text(cents, portfolio.policy.currency)
        st.text(f"It costs this team {lost}, going by how it uses the services.")
    if one.announced_at is not None:
        st.caption(f"Announced {day_text(one.announced_at, zone)}.")
    elif one.status == "proposed":
        st.caption("Not approved yet: it may still move.")
    for objection in said:
        with st.container(border=True):
            talk.objection(desk, objection, zone)
    with st.expander("Object, complain or ask", icon=":material/chat:"):
        if _may_object(desk, team, row, one, said):
            _object(desk, team, one, row["revision"])
        talk.show_comments(
            desk, one.change, zone, key=f"team {one.id}", label="Say something: a complaint, a question, a thank-you"
        )


def _may_object(desk: Desk, team: str, row: object, one: DeskWindow, said: Sequence[ObjectionOf]) -> bool:
    open_already = any(objection.status == "open" and objection.start == one.start for objection in said)
    return one.status in ("proposed", "scheduled") and desk.may("object", team) and not open_already


def _object(desk: Desk, team: str, one: DeskWindow, seen: int) -> None:
    with st.form(f"object {one.id}", border=False):
        ask = "What speaks against this window?"
        reason = st.text_area(ask, key=f"object text {one.id}", max_chars=decision.LONGEST, height=70)
        sent = st.form_submit_button("Object to this window", icon=":material/front_hand:")
    if not sent:
        return
    done = desk.attempt(workflow.object_to, one.change, team=team, seen=seen, reason=reason)
    if isinstance(done, Refusal):
        state.notice(done.text, "bad")
    else:
        state.notice("Thank you for saying so. Whoever plans reads it, and you will find the answer here.", "good")
    st.rerun()


# --- wishes ----------------------------------------------------------------------------------------------------------


def _wishes(desk: Desk, team: str, asked: Sequence[Wish], portfolio: Portfolio) -> None:
    st.subheader("Hours this team asked for", anchor=False)
    zone = portfolio.teams[team].time_zone
    given = [one for one in portfolio.preferences if one.team == team]
    at_desk = {(one.hours, one.start, one.end) for one in asked}
    for one in given:
        hours = str(one.hours) if one.hours else ""
        if (hours, one.start, one.end) not in at_desk:
            st.text(f"• {one.kind} {hours or _period(one.start, one.end, zone)}"
                    f"{f' ({visible(one.reason)})' if one.reason else ''}, from the inputs")  # fmt: skip
    for wish in asked:
        with st.container(horizontal=True, vertical_alignment="center"):
            when = wish.hours or _period(wish.start, wish.end, zone)
            why = f" ({visible(wish.reason)})" if wish.reason else ""
            st.text(f"• {wish.kind} {when}{why}, asked for by {visible(desk.moment().name_of(wish.by))}")
            if desk.may("drop preference", team) and st.button("Take back", key=f"drop {wish.id}", type="tertiary"):
                _done(desk.attempt(workflow.drop_preference, wish.id), "The wish is taken back.")
    if not given and not asked:
        st.text("None yet.")
    if not desk.may("prefer", team):
        return
    with st.expander("Ask for hours free of work", icon=":material/bedtime:"), st.form("wish", clear_on_submit=True):
        kind = st.selectbox("Kind", ["avoid", "never", "prefer"], key="wish kind")
        hours = st.text_input("Weekly hours, on this team's clock", key="wish hours", placeholder="Mon-Fri 08:00-18:00")
        label = f"What an hour of work then costs, in {portfolio.policy.currency} (for avoid and prefer)"
        cost = st.number_input(label, min_value=0.0, value=100.0, step=10.0, key="wish cost")
        reason = st.text_input("Why", key="wish reason", max_chars=decision.LONGEST)
        if st.form_submit_button("Ask for it", icon=":material/send:"):
            cents = None if kind == "never" else round(cost * 100)
            _done(desk.attempt(workflow.prefer, team, kind, hours=hours, cost_cents_per_hour=cents, reason=reason),
                  "Plans from now on know this.")  # fmt: skip


def _period(start: datetime | None, end: datetime | None, zone: str) -> str:
    return f"from {instant_text(start, zone)} to {instant_text(end, zone)}" if start and end else ""


def _done(outcome: object, said: str) -> None:
    if isinstance(outcome, Refusal):
        state.notice(outcome.text, "bad")
    else:
        state.notice(said, "good")
    st.rerun()
