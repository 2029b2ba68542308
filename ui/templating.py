"""Templates of pages that are kept, sent or printed."""

from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from scheduler.wording import money_text

from .text import visible


def template(name: str) -> jinja2.Template:
    """Give a template of `templates`, which shows every text as text and refuses what it is not given."""
    return _environment().get_template(name)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Nothing that users wrote reaches the page as it is, whichever field it comes from.
        finalize=lambda value: visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )
    environment.filters["money"] = money_text
    return environment
