"""Drafts a mapping for an export that no built-in one knows, from the names of its columns and the values in them."""

import re
from collections.abc import Mapping

from scheduler.inputs.cells import CellError, parse_time
from scheduler.inputs.columns import TABLES
from scheduler.inputs.export_table import Export, reads
from scheduler.inputs.imports import closest
from scheduler.inputs.mapping import CHANGES

_HINTS: Mapping[str, str] = {
    "change": "change id ref reference ticket number key changeid changenumber changeno no rfc crq",
    "title": "title summary shortdescription subject name what work",
    "type": "type changetype typ",
    "services": "services service systems system applications application app configurationitem affectedsystems "
    "affectedsystem affectedservices affectedservice",
    "impact": "impactlevel effect",
    "duration_minutes": "durationminutes duration length minutes hours estimate durationhours dauer",
    "duration_p90_minutes": "durationp90minutes worstcase maxduration longest",
    "backout_minutes": "backoutminutes backout rollback rollbackminutes backoutduration",
    "earliest": "earliest notbefore earlieststart from availablefrom",
    "due": "due duedate deadline by latest notafter requestedbydate mustbedoneby completeby finishby",
    "after": "after dependson predecessor predecessors follows",
    "skills": "skills skill engineerskill engineerskills skillsneeded engineers who expertise",
    "why": "why reason justification",
    "requested_by": "requestedby requester requestor owner reporter",
    "description": "description details notes comment comments",
}
"""Names of columns that people give, without spaces and capitals."""
_STARTS = ("plannedstart", "start", "starttime", "startdate", "plannedstartdate", "scheduledstart", "windowstart")
_ENDS = ("plannedend", "end", "endtime", "enddate", "plannedenddate", "scheduledend", "windowend")
_LAYOUTS = (
    "%d.%m.%Y %H:%M", "%d.%m.%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y", "%m/%d/%Y %I:%M %p",
    "%d-%m-%Y %H:%M", "%d-%m-%Y", "%d %b %Y %H:%M", "%d %b %Y", "%d-%b-%Y", "%d/%b/%y %I:%M %p",
)  # fmt: skip
_MOST_VALUES = 60


def draft(export: Export, services: Mapping[str, str] | None) -> str:
    """Write a mapping.toml to start from; what could not be guessed is a comment with the columns there are."""
    # A unit in brackets is no part of the name, unless there is nothing else to go by.
    by_name = {_bare(name.partition("(")[0]): name for name in reversed(export.header) if name}
    by_name |= {_bare(name): name for name in reversed(export.header) if name}
    columns = {
        column: next(by_name[hint] for hint in hints.split() if hint in by_name)
        for column, hints in _HINTS.items()
        if any(hint in by_name for hint in hints.split())
    }
    ends = [next((by_name[name] for name in names if name in by_name), "") for names in (_STARTS, _ENDS)]
    lines = [
        f"# How {export.file} becomes changes.csv. Columns of the export: {', '.join(filter(None, export.header))}",
        '# time_zone = "Europe/London"      # of its times; else the zone of policy.toml',
        _time_format(export, [columns.get("earliest", ""), columns.get("due", ""), *ends]),
        *(['list_separator = ","   # between several services in one cell'] if _commas(export, columns) else []),
        *([f"sheet = {_quoted(export.sheet)}   # of {', '.join(export.sheets)}"] if len(export.sheets) > 1 else []),
        "",
        "[columns]   # column of changes.csv = column of the export",
    ]
    lines += [f"{column} = {_quoted(name)}" for column, name in columns.items()]
    for column, known in TABLES[CHANGES].items():
        if known.required and column not in columns and not (column == "duration_minutes" and all(ends)):
            lines.append(f'# {column} = ""   # needed: {known.meaning}')
    duration = columns.get("duration_minutes", "")
    hours = [c for c in _HINTS if c.endswith("_minutes") and re.search(r"hour|\(h\)|\bh\b", columns.get(c, ""), re.I)]
    if hours:
        lines += ["", "[units]", *(f'{column} = "hours"' for column in hours)]
    if all(ends) and not duration:
        lines += ["", "[length]   # no column has a length: the time between these", *_ends("from", "to", ends)]
    lines += ["", "[defaults]   # where the export has nothing"]
    lines += ["duration_minutes = 60"] if not duration else ["# duration_minutes = 60"]
    lines += ["", "[back]   # where a plan is written to", *_ends("start", "end", [one or d for one, d in
              zip(ends, ("Planned start", "Planned end"), strict=True)])]  # fmt: skip
    if "services" in columns:
        lines += ["", *_service_words(export, columns["services"], services)]
    return "\n".join(lines) + "\n"


def _ends(first: str, last: str, names: list[str]) -> list[str]:
    return [f"{key} = {_quoted(name)}" for key, name in zip((first, last), names, strict=True)]


def _time_format(export: Export, names: list[str]) -> str:
    """Say how times of some columns are written, where that is not ISO 8601; day before month where both would do."""
    positions = [position for name in names if name for position in export.columns(name)]
    odd = [cells[position] for _, cells in export.rows for position in positions if not _is_time(cells[position])]
    layouts = [layout for layout in _LAYOUTS if any(reads(text, layout) for text in odd)]
    best = [layout for layout in layouts if sum(reads(text, layout) for text in odd) == len(odd)][:1] or layouts
    if not odd or not best:
        return '# time_format = "%d/%m/%Y %H:%M"   # where times are not written as 2027-03-06 16:00'
    return f"time_format = [{', '.join(map(_quoted, best))}]   # of times such as {odd[0]}: is that day and month?"


def _is_time(text: str) -> bool:
    try:
        return not text or bool(parse_time(text))
    except CellError:
        return False


def _commas(export: Export, columns: Mapping[str, str]) -> bool:
    positions = export.columns(columns.get("services", ""))
    return any("," in cells[position] for _, cells in export.rows for position in positions)


def _service_words(export: Export, column: str, services: Mapping[str, str] | None) -> list[str]:
    """List the values of a column that are no service yet, each with the service that comes closest."""
    position = export.columns(column)[0]
    texts = [re.split("[;,]", cells[position]) for _, cells in export.rows]
    words = list(dict.fromkeys(piece.strip() for pieces in texts for piece in pieces if piece.strip()))
    known = {word.casefold(): one for one, name in (services or {}).items() for word in (name, one)}
    strangers = [word for word in words if services is not None and word.casefold() not in known]
    lines = ["[values.services]   # what the export calls a service = its id in services.csv"]
    for word in strangers[:_MOST_VALUES]:
        meant = closest(word, known)
        lines.append(f"{_quoted(word)} = {_quoted(meant)}" if meant else f'# {_quoted(word)} = ""')
    return lines if strangers else [*lines, f'# "{words[0] if words else "Payments (production)"}" = "payments"']


def _bare(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in escaped) + '"'
