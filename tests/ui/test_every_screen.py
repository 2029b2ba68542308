"""Every screen of the desk opens: with nothing, with a portfolio that nobody planned, and with a plan of the sample.

The benchmark `screens.py` opens them with thousands of changes.
"""

from collections.abc import Callable

import pytest
from small_desk import bring, small_portfolio
from streamlit.testing.v1 import AppTest

from scheduler.ui.app import SCREENS, Screen
from scheduler.ui.desk import Desk

Open = Callable[..., AppTest]
AT_DESK = {one.name: one for one in SCREENS if one.at in ("both", "desk")}


def module(screen: Screen) -> str:
    return screen.show.__module__.rpartition(".")[2]


@pytest.mark.parametrize("name", AT_DESK)
def test_it_opens_on_nothing_and_before_a_plan(name: str, empty_desk: Desk, view: Open) -> None:
    assert view(module(AT_DESK[name]), change="A").title
    bring(empty_desk.at.store, small_portfolio())
    assert view(module(AT_DESK[name]), change="A").title


@pytest.mark.parametrize("name", AT_DESK)
def test_it_opens_on_the_sample(name: str, sample: Desk, view: Open) -> None:
    change = next(iter(sample.plan().placed))
    found = view(module(AT_DESK[name]), change=change)
    assert found.title
    assert not found.error
