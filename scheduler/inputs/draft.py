"""Drafts a mapping for an export that no built-in one knows, from the names of its columns and the values in them."""

from collections.abc import Mapping

from scheduler.inputs.columns import TABLES
from scheduler.inputs.export_table import Export
from scheduler.inputs.imports import closest
from scheduler.inputs.mapping import CHANGES

_HINTS: Mapping[str, tuple[str, ...]] = {
    "change": ("change", "id", "ref", "reference", "ticket", "number", "key", "changeid", "changenumber", "no", "rfc"),
    "title": ("title", "summary", "shortdescription", "subject", "name", "what", "work"),
    "type": ("type", "changetype"),
    "services": ("services", "service", "system", "systems", "application", "applications", "app", "configurationitem"),
    "impact": ("impactlevel", "effect"),
    "duration_minutes": ("durationminutes", "duration", "length", "minutes", "hours", "estimate", "durationhours"),
    "duration_p90_minutes": ("durationp90minutes", "worstcase", "maxduration", "longest"),
    "backout_minutes": ("backoutminutes", "backout", "rollback", "rollbackminutes", "backoutduration"),
    "earliest": ("earliest", "notbefore", "earlieststart", "from", "availablefrom"),
    "due": ("due", "duedate", "deadline", "by", "latest", "notafter", "requestedbydate"),
    "after": ("after", "dependson", "predecessor", "predecessors", "follows"),
    "skills": ("skills", "skill", "engineerskill", "engineerskills", "skillsneeded", "engineers", "who", "expertise"),
    "why": ("why", "reason", "justification"),
    "requested_by": ("requestedby", "requester", "requestor", "owner", "reporter"),
    "description": ("description", "details", "notes", "comment", "comments"),
}
"""Names of columns that people give, without spaces and capitals."""
_STARTS = ("plannedstart", "start", "starttime", "startdate", "plannedstartdate", "scheduledstart")
_ENDS = ("plannedend", "end", "endtime", "enddate", "plannedenddate", "scheduledend")
_MOST_VALUES = 60


def draft(export: Export, services: Mapping[str, str] | None) -> str:
    """Write a mapping.toml to start from; what could not be guessed is a comment with the columns there are."""
    by_name = {_bare(name): name for name in reversed(export.header) if name}
    columns = {
        column: next(by_name[hint] for hint in hints if hint in by_name)
        for column, hints in _HINTS.items()
        if any(hint in by_name for hint in hints)
    }
    ends = [next((by_name[name] for name in names if name in by_name), "") for names in (_STARTS, _ENDS)]
    lines = [
        f"# How {export.file} becomes changes.csv. Columns of the export: {', '.join(filter(None, export.header))}",
        '# time_zone = "Europe/London"      # of its times; else the zone of policy.toml',
        '# time_format = "%d/%m/%Y %H:%M"   # where times are not written as 2027-03-06 16:00',
        "",
        "[columns]   # column of changes.csv = column of the export",
    ]
    lines += [f"{column} = {_quoted(name)}" for column, name in columns.items()]
    for column, known in TABLES[CHANGES].items():
        if known.required and column not in columns and not (column == "duration_minutes" and all(ends)):
            lines.append(f'# {column} = ""   # needed: {known.meaning}')
    duration = columns.get("duration_minutes", "")
    if "hour" in duration.casefold() or duration.casefold().endswith("(h)"):
        lines += ["", "[units]", 'duration_minutes = "hours"']
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


def _service_words(export: Export, column: str, services: Mapping[str, str] | None) -> list[str]:
    """List the values of a column that are no service yet, each with the service that comes closest."""
    position = export.columns(column)[0]
    texts = [cells[position].split(";") for _, cells in export.rows]
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
