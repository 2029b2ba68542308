"""The costs, one per file; `COSTS` is the only list of them, in the order in which they are reported."""

from scheduler.costs import delay, disruption, downtime, drop, preferences, soft_calendars
from scheduler.law import Cost

COSTS: tuple[Cost, ...] = (
    downtime.COST,
    delay.COST,
    soft_calendars.COST,
    preferences.COST,
    disruption.COST,
    drop.COST,
)
