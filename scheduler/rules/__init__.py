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
    notice,
    pins,
    precedence,
    redundancy,
    rejected,
)

RULES: tuple[Rule, ...] = (
    mandatory.RULE,
    horizon.RULE,
    precedence.RULE,
    conflict.RULE,
    capacity.RULE,
    redundancy.RULE,
    blackout.RULE,
    allowed.RULE,
    earliest.RULE,
    due.RULE,
    rejected.RULE,
    pins.RULE,
    notice.RULE,
)
