"""Reads portfolios and schedules: every problem of every file at once, each with its place and how to mend it."""

from scheduler.inputs.documents import dump, read_schedule, schedule_document
from scheduler.inputs.errors import InputError
from scheduler.inputs.load import load, with_previous
from scheduler.inputs.portfolio_document import portfolio_document

__all__ = ["InputError", "dump", "load", "portfolio_document", "read_schedule", "schedule_document", "with_previous"]
