"""What a window of a change costs and breaks beside all others, and when that was last looked at."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scheduler.desk import workflow
from scheduler.desk.access import RefusedError
from scheduler.desk.judging import Judged
from scheduler.desk.store import StoreError
from scheduler.standing import standing

from .collisions import collisions
from .desk import Desk, Moment, Refusal
from .review import Plan

MOST_KEPT = 300
LASTS = timedelta(minutes=10)
"""How long a check counts while nobody writes: time passes, and with it notice."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A window as it was judged at an instant, or why it could not be."""

    found: Judged | Refusal
    at: datetime


_kept: "OrderedDict[tuple[object, ...], Checked]" = OrderedDict()
_alone = threading.Lock()


def last_checked(desk: Desk, change: str, start: datetime) -> Checked | None:
    """Give what was just judged of a start of a change, everything else as it is; None where nothing was."""
    with _alone:
        found = _kept.get((desk.moment().mark, change, start))
    return found if found is not None and datetime.now(UTC) - found.at < LASTS else None


def sound_since(moment: Moment, plan: Plan, change: str, start: datetime) -> datetime | None:
    """Give when the plan, which is verified as a whole, was seen with a change at its start breaking no rule.

    None where it does break one, and of what was pinned or approved: that is judged with the decision lifted.
    """
    placement, collision = plan.placed.get(change), collisions(plan).get(change)
    if placement is None or placement.start != start or change in standing(plan.portfolio).pinned:
        return None
    return None if collision is not None and collision.is_conflict else moment.seen_at


def checked(desk: Desk, change: str, start: datetime, *, again: bool = False) -> Checked:
    """Judge a start of a change, everything else as it is; what was just judged is not judged again unless asked."""
    known = None if again else last_checked(desk, change, start)
    if known is not None:
        return known
    key, now = (desk.moment().mark, change, start), datetime.now(UTC)
    found = Checked(_judged(desk, change, start, now), now)
    with _alone:
        _kept[key] = found
        _kept.move_to_end(key)
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return found


def _judged(desk: Desk, change: str, start: datetime, now: datetime) -> Judged | Refusal:
    try:
        return workflow.price(desk.at.store, change, start, now=now)
    except RefusedError as error:
        text = str(error)
        return Refusal("refused", f"{text[:1].upper()}{text[1:]}.")
    except StoreError as error:
        return Refusal("store", f"The store does not answer: {error}.")
