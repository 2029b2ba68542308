"""Reads portfolios and schedules: every problem of every file at once, each with its place and how to mend it."""

from scheduler.inputs.documents import dump, read_schedule, schedule_document
from scheduler.inputs.errors import InputError
from scheduler.inputs.load import load, with_previous

__all__ = ["InputError", "dump", "load", "read_schedule", "schedule_document", "with_previous"]
