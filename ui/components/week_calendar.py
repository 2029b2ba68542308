"""The week calendar: windows that can be dragged. What is dropped comes back as a wish, and nothing is moved by it."""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from ..theme import Palette

_LIBRARY = Path(__file__).parent / "calendar_library"
HEIGHT = 672


@cache
def _component() -> Any:
    script = (_LIBRARY / "event-calendar.min.js").read_text("utf-8") + (_LIBRARY / "week.js").read_text("utf-8")
    style = (_LIBRARY / "event-calendar.min.css").read_text("utf-8") + (_LIBRARY / "week.css").read_text("utf-8")
    return st.components.v2.component("week_calendar", html='<div class="week"></div>', css=style, js=script)


def week_calendar(
    first: date, events: list[dict[str, Any]], *, turn: int, step_minutes: int, scroll: str, palette: Palette, key: str
) -> tuple[Mapping[str, Any] | None, str | None]:
    """Draw a week; give what was dragged since the last run (`week.dropped` reads it), and the change picked.

    `turn` is another number whenever windows have to stand where `events` say although they are the same as before.
    """
    answer = _component()(
        key=key,
        data={
            "first": first.isoformat(),
            "last": (first + timedelta(days=7)).isoformat(),
            "events": events,
            "turn": turn,
            "step": f"{step_minutes // 60:02d}:{step_minutes % 60:02d}",
            "scroll": scroll,
            "height": HEIGHT,
            "colours": dict(palette.roles()),
        },
        on_moved_change=_nothing,
        on_picked_change=_nothing,
        height=HEIGHT + 8,
    )
    picked = answer.picked["change"] if answer.picked else None
    return answer.moved, picked


def _nothing() -> None:
    """Let the page run again."""
