"""The cost-versus-start curve of one change as a picture to keep."""

import vl_convert

from scheduler.explanation import PriceCurve
from scheduler.portfolio import Portfolio

from . import charts
from .curves import curve, curve_marks
from .drawing import svg
from .text import visible
from .theme import LIGHT

WIDTH, SHARPNESS = 1080, 2
FORMATS = (".svg", ".png")


def curve_picture(portfolio: Portfolio, price: PriceCurve, suffix: str) -> bytes:
    """Draw what every start of a change costs, as `.svg` or `.png` (twice as many pixels as it is wide)."""
    policy = portfolio.policy
    one = portfolio.changes[price.change]
    title = visible(f"{one.id}  {one.title}".rstrip())
    chart = charts.price_curve(
        curve(portfolio, price),
        curve_marks(portfolio, price, {}),
        zone=policy.time_zone,
        currency=policy.currency,
        width=WIDTH,
        palette=LIGHT,
    ).properties(title=title)
    drawn = str(svg(chart, "curve", f"What every start of {title} would cost"))
    page = f'<rect width="100%" height="100%" fill="{LIGHT.page}"></rect>'
    begin, _, rest = drawn.partition(">")
    whole = f'{begin} xmlns="http://www.w3.org/2000/svg">{page}{rest}\n'
    return whole.encode() if suffix == ".svg" else vl_convert.svg_to_png(whole, scale=SHARPNESS)
