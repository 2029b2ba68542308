"""Why a window is where it is, in sentences."""

from collections.abc import Iterator, Mapping

from scheduler.explanation import Explanation, rules_text, saved_text, why_text
from scheduler.wording import listing


def reasons(one: Explanation, names: Mapping[str, str]) -> Iterator[str]:
    """Say why a change has its window and no cheaper one; `names` are those of teams."""
    if one.shares_with:
        yield f"It shares its outage with {listing(one.shares_with)}, so clients pay for that outage once."
    if one.placement is not None:
        yield why_text(one)
    for rule in one.binding:
        yield f"{rule.law} Without that, {saved_text(rule.window, rule.saving_cents, one)}."
    for joint in one.together:
        saved = saved_text(joint.window, joint.saving_cents, one)
        yield f"Only without {rules_text(joint.rules)} together, {saved}."
    if one.assumed:
        teams = listing([names.get(team, team) for team in one.assumed])
        yield f"Nobody recorded all the usage of {teams}: what they lose there rests on an assumed pattern."
    for remark in one.remarks:
        yield f"{remark[:1].upper()}{remark[1:]}."
