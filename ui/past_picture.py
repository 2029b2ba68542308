"""The weeks of a replay as a picture to keep."""

import vl_convert

from scheduler.backtest.replay import Replayed

from .drawing import svg
from .theme import LIGHT
from .usage_charts import past_weeks
from .usage_frames import past_costs

WIDTH, SHARPNESS = 860, 2


def past_picture(told: Replayed, suffix: str) -> bytes:
    """Draw what plan, habits and an oracle cost in each week, as `.svg` or `.png` (twice as many pixels as wide)."""
    policy = told.portfolio.policy
    chart = past_weeks(
        past_costs(told), currency=policy.currency, zone=policy.time_zone, width=WIDTH, palette=LIGHT
    ).properties(title="What planning each past week would have cost")
    drawn = str(svg(chart, "past", "What plan, habits and an oracle cost in each past week"))
    begin, _, rest = drawn.partition(">")
    page = f'<rect width="100%" height="100%" fill="{LIGHT.page}"></rect>'
    whole = f'{begin} xmlns="http://www.w3.org/2000/svg">{page}{rest}\n'
    return whole.encode() if suffix == ".svg" else vl_convert.svg_to_png(whole, scale=SHARPNESS)
