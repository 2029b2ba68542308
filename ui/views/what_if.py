"""What-if: what a freeze, a rule, a wish, a start or one more engineer is worth, with both plans side by side."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from scheduler.desk.asking import KINDS, Question, QuestionKind, possible
from scheduler.horizon import wall_to_utc
from scheduler.inputs.cells import parse_time
from scheduler.wording import instant_text, money_text

from ..asking import Asking
from ..components.page import desk_or_stop, plan_or_stop
from ..desk import Desk
from ..frames import local_time
from ..heat import row_labels
from ..markdown import escape_markdown
from ..review import Plan
from ..text import visible

WORDS: Mapping[QuestionKind, str] = {
    "calendar": "to do without a freeze, or another calendar",
    "rule": "to do without a rule",
    "wish": "to do without a wish of a team",
    "start": "to let a change start when I say",
    "engineer": "to have one more engineer like",
}
SECONDS: Mapping[str, float] = {"5 seconds each": 5, "15 seconds each": 15, "1 minute each": 60}
ASKING, ANSWERS = "asking", "answers"
MOST_ANSWERS, MOST_TEAMS = 6, 30
POLL_SECONDS = 1.0


def show() -> None:
    """Draw the page."""
    st.title("What if", anchor=False)
    desk, plan = desk_or_stop(), plan_or_stop()
    asking: Asking | None = st.session_state.get(ASKING)
    if asking is not None and not asking.is_over:
        _follow(asking)
        return
    if asking is not None:
        _take(asking)
    _ask(desk, plan)
    for number, answer in enumerate(st.session_state.get(ANSWERS, ())):
        _answer(plan, answer, number)


def _ask(desk: Desk, plan: Plan) -> None:
    portfolio, zone = plan.portfolio, plan.portfolio.policy.time_zone
    known = possible(portfolio)
    st.text("What would it be worth …")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind: QuestionKind = st.selectbox("Question", KINDS, format_func=WORDS.__getitem__, key="asked kind", width=350)
        options = known[kind]
        what = st.selectbox(
            "Which", list(options), format_func=lambda one: visible(options.get(one, one)), key=f"asked {kind}",
            placeholder="there is none", width=330,
        )  # fmt: skip
        start = _start(plan, what) if kind == "start" and what is not None else None
        seconds = st.selectbox("Plan for", list(SECONDS), index=1, key="asked seconds", width=170)
        may = desk.may("plan")
        if st.button("Ask", type="primary", icon=":material/help:", disabled=what is None or not may):
            words = f"{WORDS[kind]}: {options.get(str(what), what)}"
            words += f" at {instant_text(start, zone)}" if start is not None else ""
            question = Question(kind=kind, what=str(what), start=start)
            st.session_state[ASKING] = Asking(
                desk.at.store, question, words, seconds=SECONDS[seconds], now=portfolio.now
            )
            st.rerun()
    if not may:
        st.caption("Your role may not plan, and so not ask.")


def _start(plan: Plan, change: str) -> datetime:
    zone, policy = plan.portfolio.policy.time_zone, plan.portfolio.policy
    placed = plan.placed.get(change)
    there = local_time(placed.start if placed else plan.portfolio.horizon.start, zone)
    day = st.date_input("On", there.date(), key=f"asked day {change}", format="YYYY-MM-DD", width=150)
    step = timedelta(minutes=policy.slot_minutes)
    clock = st.time_input(f"At ({zone})", there.time(), key=f"asked time {change}", step=step, width=150)
    return wall_to_utc(datetime.combine(day, clock), zone)


def _follow(asking: Asking) -> None:
    @st.fragment(run_every=POLL_SECONDS)
    def progress() -> None:
        if asking.is_over:
            st.rerun()
        st.progress(asking.share, text=escape_markdown(f"Planning it with and without, {asking.words}"))
        if st.button("Answer with what there is", icon=":material/stop_circle:"):
            asking.stop()

    progress()


def _take(asking: Asking) -> None:
    st.session_state.pop(ASKING)
    if asking.failed:
        st.error(f"There is no answer: {escape_markdown(asking.failed)}.", icon=":material/error:")
        return
    answers = st.session_state.setdefault(ANSWERS, [])
    answers.insert(0, {**(asking.answer or {}), "words": asking.words})
    del answers[MOST_ANSWERS:]


def _answer(plan: Plan, answer: Mapping[str, Any], number: int) -> None:
    currency = plan.portfolio.policy.currency
    with st.container(border=True):
        st.subheader(escape_markdown(answer["words"][:1].upper() + answer["words"][1:]), anchor=False)
        price, sides = answer["price_cents"], answer["sides"]
        if price is None or sides is None:
            st.error("No plan obeys every rule then.", icon=":material/block:")
            for one in answer["clash"]:
                st.text(visible(f"{one['rule']}: {one['text']}"))
            return
        verb = "costs" if price > 0 else "saves"
        with st.container(horizontal=True):
            st.metric(f"It {verb}, weighted", escape_markdown(money_text(abs(price), currency)), border=True)
            lost = sides["after"]["cost_cents"] - sides["before"]["cost_cents"]
            word = "more" if lost > 0 else "less"
            said = f"{money_text(abs(lost), currency)} {word}"
            st.metric("Clients lose", escape_markdown(said), border=True)
            st.metric("Windows that differ", str(len(sides["changes"])), border=True)
        least, most = answer["at_least_cents"], answer["at_most_cents"]
        if least is not None and most is not None and least < most:
            texts = (money_text(one, currency) for one in (least, most))
            st.caption(escape_markdown("With more time it could turn out between {} and {} more.".format(*texts)))
        _sides(plan, sides, number)


def _sides(plan: Plan, sides: Mapping[str, Any], number: int) -> None:
    left, right = st.columns(2)
    names = row_labels(plan.portfolio, "team")
    with left:
        st.dataframe(_beside(plan, sides, "by_cost", {}), hide_index=True, alt="Both plans by cost.",
                     key=f"costs {number}")  # fmt: skip
    with right:
        st.dataframe(_beside(plan, sides, "by_team", names), hide_index=True, alt="Both plans by team.",
                     key=f"sides {number}", height=215)  # fmt: skip
    if not sides["changes"]:
        st.text("Both plans have the same windows.")
        return
    zone = plan.portfolio.policy.time_zone
    rows = [
        {
            "change": one["change"],
            "title": visible(one["title"]),
            "what": one["kind"],
            "as things are": "no window" if one["before"] is None else instant_text(parse_time(one["before"]), zone),
            "then": "no window" if one["after"] is None else instant_text(parse_time(one["after"]), zone),
        }
        for one in sides["changes"]
    ]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key=f"differ {number}",
        height="content" if len(rows) < 8 else 300,
        alt="The windows that differ.",
    )


def _beside(plan: Plan, sides: Mapping[str, Any], what: str, names: Mapping[str, str]) -> pd.DataFrame:
    """Give both plans side by side: what they cost, by cost or by team, the largest difference first."""
    before, after = sides["before"][what], sides["after"][what]
    ids = sorted({*before, *after}, key=lambda id: (-abs(after.get(id, 0) - before.get(id, 0)), id))
    currency = plan.portfolio.policy.currency
    return pd.DataFrame(
        [
            {
                what.removeprefix("by_"): names.get(id, visible(id)),
                "as things are": money_text(before.get(id, 0), currency),
                "then": money_text(after.get(id, 0), currency),
            }
            for id in ids[:MOST_TEAMS]
        ],
        columns=[what.removeprefix("by_"), "as things are", "then"],
    )
