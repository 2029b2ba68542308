"""The week as a calendar, in which windows are dragged: every wish is priced and checked, and then accepted or not."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import streamlit as st

from scheduler.desk import workflow
from scheduler.desk.judging import Judged
from scheduler.desk.states import ALLOWED
from scheduler.horizon import wall_to_utc
from scheduler.schedule import Placement
from scheduler.summary import count_text
from scheduler.wording import instant_text, money_text

from .. import state
from ..components.page import banners, heading, palette, plan_or_stop
from ..components.viewer import other_zone
from ..components.week_calendar import week_calendar
from ..desk import Desk, Refusal
from ..finding import Wanted, filtered
from ..frames import local_time
from ..heat import row_labels
from ..judged import checked
from ..markdown import escape_markdown
from ..pages import open_change
from ..review import Plan, present
from ..text import visible
from ..week import MOST_AT_ONCE, WEEK, Asked, dropped, events, in_week, monday, shades, week_window

ASKED, TURN, FIRST = "week asked", "week turn", "week"
SCROLL = "00:00"
MOST_BROKEN = 6


def show() -> None:
    """Draw the page."""
    plan, desk = plan_or_stop(), state.desk()
    heading("Week", plan)
    banners(plan)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = _first(plan)
        wanted = _wanted(plan)
    zone = plan.portfolio.policy.time_zone
    week = week_window(first, zone)
    chosen = filtered(plan, plan.table, wanted)
    found = in_week(plan, chosen["change"], week)
    shown = _page(found)
    asked = _asked(plan)
    judged = None if asked is None or desk is None else checked(desk, asked.change, asked.start).found
    if asked is not None and desk is not None and judged is not None:
        _verdict(plan, desk, asked, judged)
    _calendar(plan, desk, first, shown, asked, judged)
    _legend(plan, desk, first, len(shown), len(found))
    if desk is not None and desk.may("move") and shown:
        _by_hand(plan, desk, first, shown)


# --- what is shown -------------------------------------------------------------------------------------------------


def _first(plan: Plan) -> date:
    zone, horizon = plan.portfolio.policy.time_zone, plan.portfolio.horizon
    earliest, latest = (local_time(one, zone).date() for one in (horizon.start, horizon.end))
    start = plan.table["start"].min() if len(plan.table) else horizon.start
    day = st.date_input("Week of", max(earliest, local_time(start, zone).date()), min_value=earliest,
                        max_value=latest, key=FIRST, bind="query-params", format="YYYY-MM-DD", width=150)  # fmt: skip
    first = monday(day)
    for name, to in (("Earlier", first - WEEK), ("Later", first + WEEK)):
        inside = min(max(to, earliest), latest)
        st.button(name, disabled=monday(inside) == first, on_click=_look_at, args=(inside,), key=f"week {name}")
    instant, called = present(plan, state.now())
    today = local_time(instant, zone).date()
    st.button(
        "Today" if called == "now" else "Planned", icon=":material/today:", key="week today",
        disabled=not earliest <= today <= latest, on_click=_look_at, args=(today,),
    )  # fmt: skip
    return first


def _look_at(day: date) -> None:
    st.session_state[FIRST] = day


def _wanted(plan: Plan) -> Wanted:
    words = st.text_input("Search", key="q", bind="query-params", type="search", width=215,
                          placeholder="change, title, service, team, person")  # fmt: skip
    names = row_labels(plan.portfolio, "team")
    team = st.selectbox("Team", list(names), index=None, key="team of week", placeholder="any", width=200,
                        format_func=lambda id: names.get(id, id))  # fmt: skip
    return Wanted(words or "", teams=[team] if team else ())


def _page(found: list[Placement]) -> list[Placement]:
    if len(found) <= MOST_AT_ONCE:
        return found
    page = st.pagination(-(-len(found) // MOST_AT_ONCE), key="page of week")
    return found[(page - 1) * MOST_AT_ONCE : page * MOST_AT_ONCE]


def _calendar(
    plan: Plan,
    desk: Desk | None,
    first: date,
    shown: list[Placement],
    asked: Asked | None,
    judged: Judged | Refusal | None,
) -> None:
    portfolio, standing = plan.portfolio, state.standing(plan)
    zone = portfolio.policy.time_zone

    def movable(change: str) -> bool:
        return desk is not None and may_move(desk, change)

    refused = isinstance(judged, Refusal) or (judged is not None and bool(judged.broken))
    drawn = [
        *shades(portfolio, week_window(first, zone), changes=[one.change for one in shown], heat=True),
        *events(plan, shown, standing, movable=movable, asked=asked, refused=refused),
    ]
    moved, picked = week_calendar(
        first,
        drawn,
        turn=st.session_state.get(TURN, 0),
        step_minutes=portfolio.policy.slot_minutes,
        scroll=SCROLL,
        palette=palette(),
        key=f"week {first}",
    )
    if picked in plan.portfolio.changes:
        open_change(str(picked))
    if moved is not None and desk is not None:
        _take_down(plan, str(moved.get("change")), lambda: dropped(moved, zone))


def may_move(desk: Desk, change: str) -> bool:
    """Tell whether who looks may move a change, and its state lets anybody."""
    row = desk.moment().position.changes.get(change)
    return row is not None and row["state"] in ALLOWED["move"] and desk.may("move", *row["teams"])


def _take_down(plan: Plan, change: str, instant: Callable[[], tuple[datetime, str]]) -> None:
    """Note the start that is asked about, and draw the page again with its price."""
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1
    try:
        start, remark = instant()
    except (ValueError, KeyError, TypeError, OverflowError):
        state.notice("That move cannot be read. Try again, or move it by hand below.", "bad")
        st.rerun()
    standing = state.standing(plan).get(change)
    if standing is None:
        state.notice("That change has no window any more.", "bad")
    else:
        st.session_state[ASKED] = Asked(change, start, standing.known)
        if remark:
            st.toast(remark, icon=":material/schedule:")
    st.rerun()


# --- the price, and what becomes of it -----------------------------------------------------------------------------


def _asked(plan: Plan) -> Asked | None:
    asked: Asked | None = st.session_state.get(ASKED)
    if asked is not None and asked.change in plan.placed and plan.placed[asked.change].start == asked.start:
        asked = None
    return asked if asked is not None and asked.change in plan.placed else None


def _verdict(plan: Plan, desk: Desk, asked: Asked, judged: Judged | Refusal) -> None:
    zone, currency = plan.portfolio.policy.time_zone, plan.portfolio.policy.currency
    before, after = (instant_text(one, zone) for one in (plan.placed[asked.change].start, asked.start))
    with st.container(border=True):
        st.subheader(f"{escape_markdown(asked.change)}: {before} → {after}", anchor=False)
        if isinstance(judged, Refusal):
            st.error(f"**Refused.** {escape_markdown(judged.text)}", icon=":material/block:")
            st.button("Leave it where it is", on_click=_forget, type="primary")
            return
        price = price_words(judged, currency)
        if judged.broken:
            st.error(f"**Refused.** {escape_markdown(price)}", icon=":material/block:")
            for one in judged.broken[:MOST_BROKEN]:
                st.text(visible(f"{one.rule}: {one.text}"))
            if len(judged.broken) > MOST_BROKEN:
                st.text(f"and {count_text(len(judged.broken) - MOST_BROKEN, 'rule')} more")
            with st.container(horizontal=True):
                st.button("Leave it where it is", on_click=_forget, type="primary")
                if st.button("Open the change", icon=":material/open_in_new:"):
                    open_change(asked.change)
            return
        st.success(f"**Possible.** {escape_markdown(price)} No rule is broken.", icon=":material/check_circle:")
        reason = st.text_input("Reason (for the log)", key="week reason", max_chars=500)
        with st.container(horizontal=True):
            if st.button("Move it there", type="primary", icon=":material/check:"):
                _accept(desk, asked, reason, after)
            st.button("Leave it where it is", on_click=_forget)


def price_words(judged: Judged, currency: str) -> str:
    """Say what a start costs clients, and how that differs from where the window is."""
    text = f"It costs clients {money_text(judged.cents, currency)}"
    if judged.more_cents is None:
        return f"{text}."
    if judged.more_cents == 0:
        return f"{text}, the same as where it is."
    word = "more" if judged.more_cents > 0 else "less"
    return f"{text}, {money_text(abs(judged.more_cents), currency)} {word} than where it is."


def _accept(desk: Desk, asked: Asked, reason: str, after: str) -> None:
    done = desk.attempt(workflow.move, asked.change, asked.start, seen=asked.seen, reason=reason)
    if isinstance(done, Refusal):
        state.notice(done.text, "bad")
    else:
        state.notice(f"{asked.change} is to be at {after}; it waits for approval.", "good")
    _forget()
    st.rerun()


def _forget() -> None:
    st.session_state.pop(ASKED, None)
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1


# --- words, and another way ----------------------------------------------------------------------------------------


def _legend(plan: Plan, desk: Desk | None, first: date, shown: int, found: int) -> None:
    zone = plan.portfolio.policy.time_zone
    told = [f"{shown} of {count_text(found, 'window')} of this week."]
    if desk is None:
        told.append("These are the files of a plan: windows are moved at a desk.")
    elif desk.may("move"):
        told.append("Drag a window, or move it with Alt and the arrow keys: it is priced and checked first.")
    told.append("Hatched: blackouts. Deeper: more people at work. Click a window to open it.")
    st.caption(f"{' '.join(told)} Times are local in {escape_markdown(zone)}.")
    viewer = other_zone(plan)
    if viewer is not None:
        start = week_window(first, zone).start
        st.caption(
            f"Your clock ({escape_markdown(viewer)}): this week begins {instant_text(start, zone)}, for you "
            f"{instant_text(start, viewer)}."
        )


def _by_hand(plan: Plan, desk: Desk, first: date, shown: list[Placement]) -> None:
    zone = plan.portfolio.policy.time_zone
    changes = [one.change for one in shown if may_move(desk, one.change)]
    if not changes:
        return
    with (
        st.expander("Move a window without dragging", icon=":material/keyboard:"),
        st.form("by hand", border=False),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        titles = {one: visible(f"{one} {plan.portfolio.changes[one].title}") for one in changes}
        change = st.selectbox("Window", changes, format_func=lambda one: titles.get(one, one), width=320)
        day = st.date_input("To", first, format="YYYY-MM-DD", width=150)
        step = timedelta(minutes=plan.portfolio.policy.slot_minutes)
        clock = st.time_input(f"At ({zone})", datetime.min.time(), step=step, width=150)
        asked = st.form_submit_button("What would it cost?", icon=":material/price_check:")
    if asked and change is not None:
        start = wall_to_utc(datetime.combine(day, clock), zone)
        _take_down(plan, change, lambda: (start, ""))
