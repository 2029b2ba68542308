"""The rules, one per file; `RULES` is the only list of them, in the order in which they are reported.

Promises and house rules may be overridden for one window by whoever answers for that. What people and systems cannot do
may not, nor what several changes owe to one another.
"""

from scheduler.law import Rule, overridable
from scheduler.rules import (
    allowed,
    blackout,
    capacity,
    conflict,
    due,
    earliest,
    horizon,
    mandatory,
    move_cap,
    never,
    notice,
    outage_minutes,
    pins,
    precedence,
    protected_hours,
    redundancy,
    rejected,
    same_window,
)

RULES: tuple[Rule, ...] = (
    mandatory.RULE,
    horizon.RULE,
    precedence.RULE,
    same_window.RULE,
    conflict.RULE,
    capacity.RULE,
    redundancy.RULE,
    overridable(blackout.RULE),
    overridable(allowed.RULE),
    overridable(protected_hours.RULE),
    overridable(never.RULE),
    outage_minutes.RULE,
    overridable(earliest.RULE),
    overridable(due.RULE),
    overridable(rejected.RULE),
    pins.RULE,
    move_cap.RULE,
    overridable(notice.RULE),
)
