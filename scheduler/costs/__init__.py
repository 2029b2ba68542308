"""The costs, one per file; `COSTS` is the only list of them, in the order in which they are reported."""

from scheduler.costs import delay, downtime, drop
from scheduler.law import Cost

COSTS: tuple[Cost, ...] = (downtime.COST, delay.COST, drop.COST)
