"""The rules, one per file; `RULES` is the only list of them, in the order in which they are reported."""

from scheduler.law import Rule
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
    blackout.RULE,
    allowed.RULE,
    protected_hours.RULE,
    never.RULE,
    outage_minutes.RULE,
    earliest.RULE,
    due.RULE,
    rejected.RULE,
    pins.RULE,
    move_cap.RULE,
    notice.RULE,
)
