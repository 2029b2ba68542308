"""The decision on one change at the desk: buttons for what may be done, and the words that go with each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import streamlit as st

from scheduler.desk import workflow
from scheduler.desk.access import stands_in_for
from scheduler.desk.docket import Matter
from scheduler.desk.judging import Judged
from scheduler.desk.possible import Possible, possible
from scheduler.desk.writing import Done
from scheduler.horizon import wall_to_utc
from scheduler.wording import instant_text, money_text

from .. import state
from ..desk import Desk, Refusal
from ..dockets import conflict_name
from ..frames import local_time
from ..judged import checked
from ..markdown import escape_markdown
from ..text import visible

LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Button:
    """What a button says and does: `words` is what its text field asks for (empty for none), `done` what was done."""

    label: str
    icon: str
    done: str
    words: str = ""
    needed: bool = False


BUTTONS: Mapping[str, Button] = {
    "approve": Button("Approve", "check", "is approved: the teams are told of its window"),
    "reject": Button("Reject", "close", "is rejected: replan to give it another window", "Why is it rejected?", True),
    "move": Button("Move", "edit_calendar", "has a new window to be approved"),
    "defer": Button("Put off", "snooze", "was put off", "Why does it wait, and for what?", True),
    "withdraw": Button("Withdraw", "undo", "has no proposal any more", "Why is it withdrawn?"),
    "pin": Button("Pin", "keep", "is pinned: no plan moves it"),
    "unpin": Button("Unpin", "keep_off", "is not pinned any more"),
    "hold": Button("Hold", "pause", "is on hold", "What does it wait for?", True),
    "release": Button("Release", "play_arrow", "is released"),
    "start": Button("Start work", "construction", "has begun"),
    "extend": Button("Extend", "more_time", "has more time", "Why does it need more time?", True),
    "finish": Button("Finish", "task_alt", "is done"),
    "backout": Button("Back out", "history", "was backed out", "Why was it undone?", True),
    "review": Button("Close", "fact_check", "is closed", "What was learnt?", True),
    "cancel": Button("Cancel", "delete", "is cancelled", "Why is it cancelled?", True),
    "object": Button("Object", "front_hand", "has your objection", "What speaks against this window?", True),
}
AT_ONCE = ("approve", "pin", "unpin", "release", "start", "finish")
"""What is done with one press, without another word."""
FIRST = ("approve", "reject", "move", "defer", "start", "finish", "extend", "backout", "review")


def panel(desk: Desk, matter: Matter, seen: int, *, key: str = "") -> None:
    """Draw what may be done to a change whose revision `seen` the visitor looked at."""
    moment, now = desk.moment(), state.now()
    offered = [one for one in possible(desk.actor(), moment.position, matter.change, now) if one.action != "comment"]
    if not offered:
        st.text("There is nothing for you to decide here.")
        return
    place = _Place(desk, matter, seen, f"{key}{matter.change}")
    _instead_of(place, offered)
    _row([one for one in offered if one.action in FIRST], place)
    _row([one for one in offered if one.action not in FIRST], place)
    for one in offered:
        if one.against:
            st.caption(f"{BUTTONS[one.action].label}: {escape_markdown(one.against)}.")
    doing = st.session_state.get(place.doing)
    if doing in {one.action for one in offered}:
        with st.container(border=True):
            _FORMS.get(doing, _with_words)(place, doing)


@dataclass(frozen=True, slots=True)
class _Place:
    desk: Desk
    matter: Matter
    seen: int
    key: str

    @property
    def doing(self) -> str:
        """Give the name under which the session keeps which button was pressed."""
        return f"doing {self.key}"


def _row(offered: list[Possible], place: _Place) -> None:
    if not offered:
        return
    with st.container(horizontal=True, gap="small"):
        for one in offered:
            button = BUTTONS[one.action]
            call: Callable[..., None] = _at_once if one.action in AT_ONCE else _open
            st.button(
                button.label,
                key=f"{one.action} {place.key}",
                icon=f":material/{button.icon}:",
                type="primary" if one.action in ("approve", "start", "finish", "review") else "secondary",
                disabled=bool(one.against),
                on_click=call,
                args=(place, one.action),
            )


def _instead_of(place: _Place, offered: list[Possible]) -> None:
    if not any(one.action == "approve" for one in offered):
        return
    with place.desk.at.store.reading() as connection:
        away = stands_in_for(connection, place.desk.visitor(), state.now())
    if away:
        names = {"": "nobody: as myself"} | {one: place.desk.moment().name_of(one) for one in away}
        st.selectbox("Approve in the place of", list(names), format_func=lambda one: visible(names[one]),
                     key=f"instead {place.key}")  # fmt: skip


def _open(place: _Place, action: str) -> None:
    st.session_state[place.doing] = None if st.session_state.get(place.doing) == action else action


def _at_once(place: _Place, action: str) -> None:
    given: dict[str, Any] = {}
    if action == "approve":
        given["instead_of"] = st.session_state.get(f"instead {place.key}") or None
    act(place.desk, place.matter.change, action, place.seen, **given)
    st.session_state.pop(place.doing, None)


def act(desk: Desk, change: str, action: str, seen: int, *rest: object, **given: object) -> bool:
    """Do something to a change, and keep what came of it to be said; tell whether it was done."""
    name = {"object": "object_to"}.get(action, action)
    done: Done | Refusal = desk.attempt(getattr(workflow, name), change, *rest, seen=seen, **given)
    if isinstance(done, Refusal):
        state.notice(done.text, "bad")
        return False
    state.notice(f"{change} {_outcome(desk, change, action)}.", "good")
    looked(change, done.revision or seen)
    return True


def _outcome(desk: Desk, change: str, action: str) -> str:
    row = desk.moment().position.changes[change]
    if action == "approve" and row["approvals"]:
        return "has your approval, and waits for another"
    return BUTTONS[action].done


# --- what a visitor saw ----------------------------------------------------------------------------------------------

_LOOKED = "looked at"


def looked(change: str, revision: int) -> None:
    """Remember the revision of the change that a visitor looks at; of one at a time."""
    st.session_state[_LOOKED] = (change, revision)


def looked_at(change: str) -> int | None:
    """Give the revision of a change that a visitor looked at first; None where they have not, or left it since."""
    found = st.session_state.get(_LOOKED)
    return found[1] if found and found[0] == change else None


def look_away() -> None:
    """Forget what was looked at: whoever comes back sees how things are then."""
    st.session_state.pop(_LOOKED, None)


# --- forms -----------------------------------------------------------------------------------------------------------


def _with_words(place: _Place, action: str) -> None:
    button = BUTTONS[action]
    with st.form(f"form {action} {place.key}", border=False):
        extra = _FIELDS[action](place) if action in _FIELDS else {}
        words = st.text_area(button.words, key=f"words {action} {place.key}", max_chars=LONGEST, height=90)
        with st.container(horizontal=True):
            sent = st.form_submit_button(f"{button.label} {place.matter.change}", type="primary")
            left = st.form_submit_button("Never mind")
    if left:
        st.session_state.pop(place.doing, None)
        st.rerun()
    if not sent:
        return
    if button.needed and not words.strip():
        st.error("Say it in a few words: whoever comes after you reads them.", icon=":material/error:")
        return
    name = "note" if action == "review" else "reason"
    if act(place.desk, place.matter.change, action, place.seen, *extra.pop("rest", ()), **{name: words}, **extra):
        st.session_state.pop(place.doing, None)
    st.rerun()


def _minutes(place: _Place) -> dict[str, Any]:
    found = st.number_input("Minutes more", min_value=5, max_value=1440, value=30, step=5, key=f"minutes {place.key}")
    return {"rest": (int(found),)}


def _for_team(place: _Place) -> dict[str, Any]:
    actor = place.desk.actor()
    teams = [one for one in place.matter.row["teams"] if actor.may("object", [one])]
    return {"team": st.selectbox("For the team", teams, key=f"team {place.key}")}


_FIELDS: Mapping[str, Callable[[_Place], dict[str, Any]]] = {"extend": _minutes, "object": _for_team}


def _move(place: _Place, action: str) -> None:
    """Ask for a start, and say at once what it costs and what it breaks."""
    moment, change = place.desk.moment(), place.matter.change
    portfolio = moment.portfolio
    if portfolio is None or change not in portfolio.changes:
        st.text("It is not in the portfolio any more.")
        return
    zone, planned = portfolio.policy.time_zone, place.matter.planned
    first = local_time(planned.start if planned else max(portfolio.horizon.start, state.now()), zone)
    wish = st.session_state.pop(f"wish {change}", None)
    if wish is not None:
        local = local_time(wish, zone)
        st.session_state[f"day {place.key}"], st.session_state[f"hour {place.key}"] = local.date(), local.time()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        day: date = st.date_input(
            "New start: day", first.date(), key=f"day {place.key}", format="YYYY-MM-DD", width=160
        )
        hour: time = st.time_input(f"Time in {zone}", first.time(), key=f"hour {place.key}", width=160,
                                   step=timedelta(minutes=portfolio.policy.slot_minutes))  # fmt: skip
    start = wall_to_utc(datetime.combine(day, hour), zone)
    judged = checked(place.desk, change, start).found
    if isinstance(judged, Refusal):
        st.error(escape_markdown(judged.text), icon=":material/block:")
        return
    _said(judged, portfolio.policy.currency, zone)
    reason = st.text_input("Why (for the log)", key=f"why move {place.key}", max_chars=LONGEST)
    aside = _override(place, judged, zone) if judged.broken else None
    with st.container(horizontal=True):
        ready = not judged.broken or aside is not None
        moved = st.button("Propose this window", type="primary", disabled=not ready, key=f"do move {place.key}")
        left = st.button("Never mind", key=f"left move {place.key}")
    if left:
        st.session_state.pop(place.doing, None)
        st.rerun()
    if moved:
        if act(place.desk, change, action, place.seen, start, reason=reason, override=aside):
            st.session_state.pop(place.doing, None)
        st.rerun()


def _said(judged: Judged, currency: str, zone: str) -> None:
    cost = f"It costs clients {money_text(judged.cents, currency)}"
    if judged.more_cents is not None:
        word = "more" if judged.more_cents >= 0 else "less"
        cost += f", {money_text(abs(judged.more_cents), currency)} {word} than where it is"
    st.markdown(f"**{escape_markdown(instant_text(judged.placement.start, zone))}**")
    st.text(f"{cost}.")
    for one in judged.broken:
        st.error(f"**{escape_markdown(conflict_name(one))}** {escape_markdown(one.text)}", icon=":material/block:")
    if not judged.broken:
        st.success("No rule is broken.", icon=":material/check_circle:")


def _override(place: _Place, judged: Judged, zone: str) -> workflow.SetAside | None:
    if not place.desk.may("override"):
        st.caption("Only an administrator may set rules aside for a window.")
        return None
    with st.container(border=True):
        st.markdown("**Set the rule aside** for this window, until a date; this stays visible.")
        why = st.text_input("Why this exception?", key=f"exception {place.key}", max_chars=LONGEST)
        last = local_time(judged.placement.reserved_until, zone).date() + timedelta(days=1)
        until: date = st.date_input("It expires at the end of", last, key=f"until {place.key}", format="YYYY-MM-DD")
    if not why.strip():
        st.caption("Say why, then the window can be proposed.")
        return None
    end = wall_to_utc(datetime.combine(until + timedelta(days=1), time()), zone)
    return workflow.SetAside(reason=why, expires_at=end.astimezone(UTC))


_FORMS: Mapping[str, Callable[[_Place, str], None]] = {"move": _move}
