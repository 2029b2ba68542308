"""Why a window is where it is, in sentences."""

from collections.abc import Iterator, Mapping

from scheduler.explanation import Explanation
from scheduler.wording import listing, money_text, window_text


def reasons(one: Explanation, names: Mapping[str, str]) -> Iterator[str]:
    """Say why a change has its window and no cheaper one; `names` are those of teams."""
    if one.shares_with:
        yield f"It shares its outage with {listing(one.shares_with)}, so clients pay for that outage once."
    cheaper = next((other for other in one.others if other.extra_cents < 0), None)
    if cheaper is not None:
        less = money_text(-cheaper.extra_cents, one.currency)
        yield (
            f"{window_text(cheaper.window, one.time_zone)} would be legal and cost {less} less with the others where "
            "they are: the search ended before it was taken. Replan with more time."
        )
    elif one.placement is not None and not one.others:
        yield "It is the only window that is left beside the other changes."
    elif one.placement is not None and not one.forbidden:
        yield "With the other changes where they are, no other window costs less, allowed or not."
    elif one.placement is not None and not one.binding:
        yield "Cheaper windows are each forbidden by several rules at once."
    for rule in one.binding:
        window, less = window_text(rule.window, one.time_zone), money_text(rule.saving_cents, one.currency)
        yield f"{rule.law} Without that, {window} would cost {less} less."
    if one.assumed:
        teams = listing([names.get(team, team) for team in one.assumed])
        yield f"Nobody recorded all the usage of {teams}: what they lose there rests on an assumed pattern."
    for remark in one.remarks:
        yield f"{remark[:1].upper()}{remark[1:]}."
