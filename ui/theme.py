"""One palette, light and dark, for report, charts and screens.

Every role has a colour in either mode; charts of the report name the role (`var(--text)`), so that one drawing serves
both. States are told apart by symbol and word as well, never by colour alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
CHART_FONT = "Arial, 'Helvetica Neue', 'Liberation Sans', sans-serif"
"""Charts are laid out by the widths of these letters, wherever they are drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """A colour for every role; `heat` goes from quiet to busy. Pages write captions in `text` at 60 %."""

    page: str
    surface: str
    text: str
    muted: str
    line: str
    accent: str
    on_accent: str
    good: str
    bad: str
    grey: str
    proposed: str
    announced: str
    approved: str
    pinned: str
    rejected: str
    heat: tuple[str, str, str, str, str, str]

    def roles(self) -> Iterator[tuple[str, str]]:
        """Give every colour by the name of its role."""
        for role in fields(self):
            value = getattr(self, role.name)
            if isinstance(value, str):
                yield role.name.replace("_", "-"), value
            else:
                yield from ((f"{role.name}-{step}", colour) for step, colour in enumerate(value))


LIGHT = Palette(
    page="#ffffff",
    surface="#f5f7fa",
    text="#0b1622",
    muted="#51606f",
    line="#d5dce4",
    accent="#1f5fa8",
    on_accent="#ffffff",
    good="#14713f",
    bad="#b3261e",
    grey="#79838e",
    proposed="#1d63c4",
    announced="#0a7280",
    approved="#137a45",
    pinned="#7a3fae",
    rejected="#b3261e",
    heat=("#fffaf0", "#fdeed2", "#fbdcab", "#f6c27c", "#eda552", "#dd8630"),
)
DARK = Palette(
    page="#11161d",
    surface="#1a222c",
    text="#e6ebf1",
    muted="#a7b3c0",
    line="#35414e",
    accent="#7db2f2",
    on_accent="#0f1720",
    good="#5fd08f",
    bad="#ff8f85",
    grey="#87929e",
    proposed="#76b1ff",
    announced="#4fcbd9",
    approved="#62d394",
    pinned="#c9a2f7",
    rejected="#ff8f85",
    heat=("#171b1f", "#2a251f", "#403222", "#594224", "#755426", "#946826"),
)
NAMED = Palette(
    page="var(--page)",
    surface="var(--surface)",
    text="var(--text)",
    muted="var(--muted)",
    line="var(--line)",
    accent="var(--accent)",
    on_accent="var(--on-accent)",
    good="var(--good)",
    bad="var(--bad)",
    grey="var(--grey)",
    proposed="var(--proposed)",
    announced="var(--announced)",
    approved="var(--approved)",
    pinned="var(--pinned)",
    rejected="var(--rejected)",
    heat=("var(--heat-0)", "var(--heat-1)", "var(--heat-2)", "var(--heat-3)", "var(--heat-4)", "var(--heat-5)"),
)
"""The roles themselves, for drawings whose page says what they are."""

STATES: Mapping[str, str] = {"proposed": "○", "announced": "●", "approved": "✓", "pinned": "■", "rejected": "✕"}
"""The states of a window and the symbol of each; the palette has a colour of the same name."""


def state_text(state: str) -> str:
    """Give the symbol and the word of a state.

    >>> state_text("pinned")
    '■ pinned'
    """
    return f"{STATES[state]} {state}"


def css_variables(palette: Palette) -> str:
    """Give the declarations of every role, for a rule of a style sheet."""
    return " ".join(f"--{role}: {colour};" for role, colour in palette.roles())


def chart_config(palette: Palette, *, size: int = 12) -> dict[str, Any]:
    """Give the configuration of a chart: colours, one font, no frame; `size` is that of labels in pixels."""
    words = {"labelColor": palette.muted, "titleColor": palette.muted, "labelFontSize": size, "titleFontSize": size}
    return {
        "background": "transparent",
        # Descriptions of marks would put titles, and so the name of a currency, into expressions.
        "aria": False,
        "font": CHART_FONT,
        "view": {"stroke": None},
        "axis": {
            **words,
            "titleFontWeight": "normal",
            "gridColor": palette.line,
            "tickColor": palette.line,
            "domainColor": palette.line,
            "labelLimit": 220,
            "labelPadding": 6,
        },
        "legend": {
            **words,
            "labelColor": palette.text,
            "titleFontWeight": "normal",
            "orient": "top",
            "symbolType": "square",
            "labelLimit": 0,
            "titleLimit": 0,
        },
        "text": {"color": palette.text, "fontSize": size},
        "title": {"color": palette.text, "fontSize": size + 2, "anchor": "start"},
    }


def page_style(palette: Palette) -> str:
    """Give the style of what no option of a theme reaches.

    Streamlit writes on buttons in white, whatever they are. On a telephone cards stand two in a row, and what is to be
    decided stands before the reasons.
    """
    primary = "[data-testid^='stBaseButton-primary']:not(:disabled)"
    cards = "div:has(> [data-testid='stGridCell'] [class*='st-key-card-'])"
    aside = "[data-testid='stColumn']:has(> * .st-key-aside)"
    return (
        f"<style>{primary}, {primary} * {{ color: {palette.on_accent} !important; }}"
        f"@media (max-width: 640px) {{ {cards} {{ grid-template-columns: repeat(2, minmax(0, 1fr)) !important; }}"
        " [class*='st-key-card-'] [data-testid='stMetricValue'] { font-size: 1.1rem; }"
        f" {aside} {{ order: -1; }} }}</style>"
    )


def page_theme(palette: Palette) -> dict[str, Any]:
    """Give the theme of a Streamlit page, by the names of its options below `theme.light` or `theme.dark`."""
    return {
        "primaryColor": palette.accent,
        "backgroundColor": palette.page,
        "secondaryBackgroundColor": palette.surface,
        "textColor": palette.text,
        "linkColor": palette.accent,
        "borderColor": palette.line,
        "chartCategoricalColors": [palette.proposed, palette.announced, palette.approved, palette.pinned, palette.grey],
    }
