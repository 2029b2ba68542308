"""From folders to plans: one for the command line, many for a nightly run."""

from scheduler.batch.planning import load_after, load_with_plan, plan, sample_folder

__all__ = ["load_after", "load_with_plan", "plan", "sample_folder"]
