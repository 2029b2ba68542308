"""Takes an iCalendar stream apart (RFC 5545 section 3.4): components, and properties with their parameters.

Bounded in lines, depth and entries, so that no file can make a reader slow or large.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from icalendar.parser import Contentlines

from scheduler.inputs.errors import shown

MOST_LINE, MOST_DEPTH, MOST_ENTRIES = 200_000, 8, 10_000
_ESCAPED = re.compile(r"\\([\\;,nN])")


@dataclass(slots=True)
class Component:
    """A component of a calendar: its properties in their order, with parameters, and the components inside."""

    name: str
    properties: list[tuple[str, Mapping[str, str], str]] = field(default_factory=list)
    inside: list["Component"] = field(default_factory=list)

    def all(self, name: str) -> list[tuple[Mapping[str, str], str]]:
        """Give every property of a name: its parameters and its value."""
        return [(parameters, value) for found, parameters, value in self.properties if found == name]

    def text(self, name: str) -> str:
        """Give the value of the first property of a name, empty where there is none."""
        return next((value.strip() for found, _, value in self.properties if found == name), "")


def components(text: str) -> list[Component]:
    """Split a file into its calendars.

    Raises
    ------
    ValueError
        With what is wrong with its form.
    """
    if not text.strip():
        raise ValueError("it is empty")
    if text.lstrip().startswith("<"):
        raise ValueError("it is a web page; export the calendar again, and check the address and the login")
    if max(map(len, text.splitlines())) > MOST_LINE:
        raise ValueError(f"it has a line of more than {MOST_LINE:,} characters")
    stack: list[Component] = []
    calendars: list[Component] = []
    entries = 0
    for number, line in enumerate(Contentlines.from_ical(text), start=1):  # type: ignore[no-untyped-call]
        if not line.strip():
            continue
        try:
            name, parameters, value = line.parts()
        except ValueError:
            raise ValueError(f"its line {number} ({shown(line)}) is not of the form NAME:VALUE") from None
        name = name.upper()
        if name == "BEGIN":
            component = Component(value.strip().upper())
            entries += component.name == "VEVENT"
            if stack:
                stack[-1].inside.append(component)
            elif component.name == "VCALENDAR":
                calendars.append(component)
            stack.append(component)
            if len(stack) > MOST_DEPTH or entries > MOST_ENTRIES:
                raise ValueError(f"it has more than {MOST_ENTRIES:,} entries, or entries in entries")
        elif name == "END":
            if not stack or stack.pop().name != value.strip().upper():
                raise ValueError(f"its line {number} ({shown(line)}) ends what did not begin")
        elif stack:
            first = {key.upper(): one if isinstance(one, str) else one[0] for key, one in parameters.items()}
            stack[-1].properties.append((name, first, value))
    if not calendars or stack:
        raise ValueError("it does not begin and end with BEGIN:VCALENDAR and END:VCALENDAR; was it cut off?")
    return calendars


def value_text(value: str) -> str:
    """Give a value of type TEXT as one line of text (RFC 5545 section 3.3.11)."""
    return " ".join(_ESCAPED.sub(lambda match: " " if match[1] in "nN" else match[1], value).split())
