"""A small strict reader of iCalendar streams, written from RFC 5545 section 3.1 and 3.3.11 and nothing else.

It refuses what lenient readers forgive: bare line ends, long lines, characters split by a fold, control characters,
unescaped TEXT, lines that are no property.
"""

import re
from dataclasses import dataclass, field

_PROPERTY = re.compile(
    r'^(?P<name>[A-Z0-9-]+)(?P<params>(?:;[A-Z0-9-]+=(?:"[^"]*"|[^";:,]*))*):(?P<value>.*)$', re.DOTALL
)
TEXT = {
    "UID",
    "SUMMARY",
    "DESCRIPTION",
    "LOCATION",
    "NAME",
    "CONTACT",
    "CATEGORIES",
    "X-WR-CALNAME",
    "X-WR-CALDESC",
    "X-WR-RELCALID",
    "X-MAINTNOTE-PROVIDER",
    "X-MAINTNOTE-ACCOUNT",
    "X-MAINTNOTE-MAINTENANCE-ID",
    "X-MAINTNOTE-OBJECT-ID",
    "X-MAINTNOTE-IMPACT",
    "X-MAINTNOTE-STATUS",
}


@dataclass
class Component:
    name: str
    properties: list[tuple[str, str, str]] = field(default_factory=list)
    parts: list["Component"] = field(default_factory=list)

    def values(self, name: str) -> list[str]:
        return [value for key, _, value in self.properties if key == name]

    def one(self, name: str) -> str:
        values = self.values(name)
        assert len(values) == 1, f"{self.name} has {len(values)} of {name}"
        return values[0]


def read(stream: bytes) -> Component:
    """Give the calendar of a stream; an AssertionError says what is wrong with it."""
    assert stream.endswith(b"\r\n"), "the last line must end too"
    assert not stream.startswith(b"\xef\xbb\xbf"), "byte order mark"
    lines: list[str] = []
    for raw in stream[:-2].split(b"\r\n"):
        assert b"\r" not in raw, "bare CR"
        assert b"\n" not in raw, "bare LF"
        assert 0 < len(raw) <= 75, f"{len(raw)} octets"
        line = raw.decode("utf-8")  # each alone: a fold must not split a character
        if line.startswith(" "):
            lines[-1] += line[1:]
        else:
            lines.append(line)
    root = Component("")
    stack = [root]
    for line in lines:
        assert not re.search("[\x00-\x1f\x7f-\x9f]", line), f"control character in {line!r}"
        match = _PROPERTY.match(line)
        assert match, f"not a property: {line!r}"
        name, params, value = match["name"], match["params"], match["value"]
        if name == "BEGIN":
            stack.append(Component(value))
            stack[-2].parts.append(stack[-1])
        elif name == "END":
            assert stack.pop().name == value
        else:
            stack[-1].properties.append((name, params, _text(value, name) if name in TEXT else value))
    assert stack == [root]
    assert [part.name for part in root.parts] == ["VCALENDAR"]
    return root.parts[0]


def _text(value: str, name: str) -> str:
    bare = re.sub(r"\\[\\;,nN]", "", value)
    assert "\\" not in bare, f"stray backslash in {value!r}"
    assert ";" not in bare, f"unescaped semicolon in {value!r}"
    assert "," not in bare or name == "CATEGORIES", f"unescaped comma in {value!r}"
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], value)
