"""What a check finds."""

from dataclasses import dataclass
from typing import Literal

State = Literal["good", "off", "warning", "fault"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, what was found, and how it is mended where it should be.

    `off` is what nobody set up; a `warning` does not stop the work of today.
    """

    check: str
    state: State
    found: str
    mend: str = ""
