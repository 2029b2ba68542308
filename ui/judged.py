"""What a window of a change costs and breaks beside all others, and when that was last looked at."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scheduler.desk import workflow
from scheduler.desk.access import RefusedError
from scheduler.desk.judging import Judged
from scheduler.desk.store import StoreError

from .desk import Desk, Refusal

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


def checked(desk: Desk, change: str, start: datetime, *, again: bool = False) -> Checked:
    """Judge a start of a change, everything else as it is; what was just judged is not judged again unless asked."""
    key = (desk.moment().mark, change, start)
    now = datetime.now(UTC)
    with _alone:
        found = _kept.get(key)
    if found is not None and not again and now - found.at < LASTS:
        return found
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
