"""The drawings of the report, each for wide pages and again for narrow ones, where letters would become too small."""

from collections.abc import Callable
from datetime import datetime, timedelta

import altair as alt
import pandas as pd
from markupsafe import Markup

from scheduler.horizon import Window, wall_to_utc
from scheduler.schedule import Result
from scheduler.wording import day_text

from . import charts, heat
from .drawing import svg
from .theme import NAMED
from .usage_charts import forecast_actual
from .usage_frames import forecast_and_record, forecast_text

FULL, HALF, NARROW = 1080, 760, 350
"""Pixels of a drawing as wide as the page, of a smaller one, and of one on a telephone."""
MOST_ROWS = 40
"""Rows of a drawing; tables have all."""
WEEK_KEY = (
    "Windows over the people expected on each service and on what depends on it: solid until the work is expected to "
    "be over, pale for the rest of what is reserved."
)

Picture = dict[str, Markup | str]
"""`wide` and `narrow` drawings, and the `caption` below them."""


def savings(result: Result, figures: pd.DataFrame) -> Picture:
    """Draw what the plan and each habit cost."""
    currency = result.portfolio.policy.currency

    def draw(width: int) -> alt.LayerChart:
        return charts.savings(figures, currency=currency, width=min(width, HALF), palette=NAMED)

    return _picture("savings", draw, "What the plan and each habit cost; the table has the figures")


def hours(result: Result) -> Picture:
    """Draw what an hour without services costs in each hour of the week, and the windows in it."""
    frame, zone = (
        heat.hour_of_week(result.portfolio, result.schedule, measure="cost"),
        result.portfolio.policy.time_zone,
    )

    def draw(width: int) -> alt.LayerChart:
        return charts.hour_of_week(frame, zone=zone, measure="cost", width=min(width, HALF), palette=NAMED)

    caption = (
        "What it would cost clients to be without all their services in each hour of the week, weighted by service "
        "level, and how many windows are expected to run in it."
    )
    return _picture("hours", draw, "Cost of an hour without services by hour of the week, and windows", caption)


def forecast(result: Result) -> Picture | None:
    """Draw what the last recorded week was forecast to be, and what it was; None where too little is recorded."""
    zone, lines = result.portfolio.policy.time_zone, forecast_and_record(result.portfolio)
    if lines is None:
        return None

    def draw(width: int) -> alt.LayerChart:
        return forecast_actual(lines, zone=zone, width=min(width, HALF), palette=NAMED)

    caption = (
        "People at once on all services in the last week that was recorded, and how many had been forecast when it "
        f"began: {forecast_text(lines)}."
    )
    return _picture("forecast", draw, "People forecast and people recorded in the last recorded week", caption)


def teams(result: Result, losses: pd.DataFrame) -> Picture:
    """Draw what each team loses."""
    hit, currency = losses[losses["cents"] > 0], result.portfolio.policy.currency

    def draw(width: int) -> alt.LayerChart:
        return charts.team_costs(hit.head(MOST_ROWS), currency=currency, width=min(width, HALF), palette=NAMED)

    caption = f"The {MOST_ROWS} teams that lose most; the table has all. " if len(hit) > MOST_ROWS else ""
    caption += "Downtime and overrun, by the chance that they happen."
    return _picture("teams", draw, "What each team loses; the table has the figures", caption)


def week(result: Result, windows: pd.DataFrame, monday: datetime, *, first: bool) -> Picture:
    """Draw the windows that start in a local week, by service; `windows` are those of the whole plan."""
    zone, span = result.portfolio.policy.time_zone, (monday, monday + timedelta(weeks=1))
    inside = Window(wall_to_utc(span[0], zone), wall_to_utc(span[1], zone))
    starting = windows[(windows["start"] >= span[0]) & (windows["start"] < span[1])]
    cents = starting.groupby("id", sort=False)["cents"].sum().sort_values(ascending=False, kind="stable")
    most = set(cents.index[:MOST_ROWS])
    ids = [id for id in dict.fromkeys(starting["id"]) if id in most]

    def draw(width: int) -> alt.LayerChart:
        steps = 1 if width == FULL else 4
        usage = heat.merged(heat.usage_heat(result.portfolio, ids=ids, inside=inside, hours=steps))
        shown = windows[windows["id"].isin(most)]
        return charts.timeline(shown, usage, zone=zone, span=span, legend=first, width=width, palette=NAMED)

    caption = WEEK_KEY if first else ""
    if len(cents) > MOST_ROWS:
        caption += f" The {MOST_ROWS} of {len(cents)} services whose windows cost most; the table has all."
    name = f"week-{monday:%Y-%m-%d}"
    return _picture(name, draw, f"Windows of the week of {day_text(inside.start, zone)}, by service", caption.strip())


def _picture(name: str, draw: Callable[[int], alt.LayerChart], description: str, caption: str = "") -> Picture:
    return {
        "wide": svg(draw(FULL), name, description),
        "narrow": svg(draw(NARROW), f"{name}-narrow", description),
        "caption": caption,
    }
