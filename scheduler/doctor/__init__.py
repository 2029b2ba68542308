"""Looks whether an installation can do its work, and says of each fault how it is mended."""

from scheduler.doctor.examination import examine
from scheduler.doctor.findings import Finding

__all__ = ["Finding", "examine"]
