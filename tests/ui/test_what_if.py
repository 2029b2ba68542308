"""The page of what-ifs: asked in a process of its own, answered with both plans side by side."""

import time
from collections.abc import Callable

from small_plan import said
from streamlit.testing.v1 import AppTest

from scheduler.ui.desk import Desk

Open = Callable[..., AppTest]
PATIENCE_SECONDS = 240.0


def ask(visitor: AppTest) -> None:
    next(one for one in visitor.button if one.label == "Ask").click().run()
    end = time.monotonic() + PATIENCE_SECONDS
    while not visitor.session_state["asking"].is_over:
        assert time.monotonic() < end, "there is no answer"
        time.sleep(0.2)
    visitor.run()
    assert not visitor.exception, visitor.exception


def test_a_rule_is_priced(view: Open, desk: Desk) -> None:
    visitor = view("what_if")
    visitor.selectbox(key="asked kind").set_value("rule").run()
    visitor.selectbox(key="asked rule").set_value("conflict")
    visitor.selectbox(key="asked seconds").set_value("5 seconds each").run()
    ask(visitor)
    words = said(visitor)
    assert "To do without a rule: conflict" in words
    # A and D share what is out once they may overlap; or they do not, and nothing is saved.
    (price,) = [one for one in visitor.metric if one.label.startswith("It ")]
    assert price.label in ("It saves, weighted", "It costs, weighted")
    costs = visitor.dataframe[0].value
    assert list(costs.columns) == ["cost", "as things are", "then"]


def test_nothing_to_ask_without_a_plan(view: Open, empty_desk: Desk) -> None:
    assert "There is no portfolio at this desk yet." in said(view("what_if"))
