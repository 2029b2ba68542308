"""Every role has its colour in both modes, and can be read in both."""

import doctest
from itertools import pairwise

import pytest

from scheduler.ui import theme
from scheduler.ui.theme import DARK, LIGHT, NAMED, STATES, Palette, chart_config, css_variables, page_style, page_theme

MODES = [pytest.param(LIGHT, id="light"), pytest.param(DARK, id="dark")]


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", MODES)
def test_words_can_be_read(palette: Palette) -> None:
    for role in ("text", "muted", "accent", "good", "bad", *STATES):
        for ground in (palette.page, palette.surface):
            assert contrast(getattr(palette, role), ground) >= 4.5, role
    assert contrast(palette.on_accent, palette.accent) >= 4.5
    assert contrast(palette.grey, palette.page) >= 3


@pytest.mark.parametrize("palette", MODES)
def test_words_of_pages_can_be_read(palette: Palette) -> None:
    assert palette.on_accent in page_style(palette)
    faded = [0.6 * int(palette.text[at : at + 2], 16) + 0.4 * int(palette.page[at : at + 2], 16) for at in (1, 3, 5)]
    assert contrast("#" + "".join(f"{round(part):02x}" for part in faded), palette.page) >= 4.5


@pytest.mark.parametrize("palette", MODES)
def test_heat_grows_away_from_the_page_and_words_upon_it_can_be_read(palette: Palette) -> None:
    steps = [contrast(colour, palette.page) for colour in palette.heat]
    assert all(before < after for before, after in pairwise(steps))
    # Names of windows are large enough for the threshold of graphics, and stand on any heat.
    assert all(contrast(palette.text, colour) >= 3 for colour in palette.heat)


@pytest.mark.parametrize("palette", MODES)
def test_states_are_told_apart(palette: Palette) -> None:
    assert len({getattr(palette, state) for state in STATES}) == len(set(STATES.values())) == len(STATES)


def test_drawings_name_every_role_and_both_modes_say_what_it_is() -> None:
    assert [colour for _, colour in NAMED.roles()] == [f"var(--{role})" for role, _ in LIGHT.roles()]
    for palette in (LIGHT, DARK):
        assert css_variables(palette).count("--") == len(list(palette.roles()))
    assert [role for role, _ in LIGHT.roles()] == [role for role, _ in DARK.roles()]


def test_charts_and_pages_take_their_colours_from_the_palette() -> None:
    assert chart_config(DARK)["axis"]["labelColor"] == DARK.muted
    assert page_theme(LIGHT)["backgroundColor"] == LIGHT.page
    assert set(page_theme(DARK)["chartCategoricalColors"]) <= {colour for _, colour in DARK.roles()}


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(theme).failed == 0
