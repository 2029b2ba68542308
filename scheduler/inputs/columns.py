"""The one table of files and columns of a portfolio: it drives parsing, messages and the README.

A portfolio is a folder. Every cell has a type of `TYPES`, which says how it is written; an empty cell takes the
default.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType

# Type -> how a cell of it is written; the words that messages and the README use.
TYPES: Mapping[str, str] = MappingProxyType(
    {
        "id": "an id in your own words, without ';' or line breaks",
        "text": "one line of text",
        "long text": "text, line breaks allowed",
        "ids": "ids joined by ';'",
        "e-mail": "an address such as desk@example.com",
        "whole number": "digits, such as 60",
        "decimal": "digits and a point, such as 0.25",
        "share": "a number from 0 to 1, such as 0.25",
        "money": "currency units with at most two decimals, such as 1250.50",
        "yes or no": "yes or no",
        "choice": "one of the words listed",
        "time": "ISO 8601, such as 2027-03-06T16:00Z or 2027-03-06 16:00; a bare date means 00:00",
        "zone": "a time zone of the IANA database, such as Europe/London",
        "holidays": "a country or country and region, such as SG or GB-ENG",
        "hours": "weekly hours, such as Mon-Fri 08:00-18:00; Sat 22:00-06:00",
        "works": "the name of a working calendar, or weekly hours such as Mon-Fri 08:00-18:00",
        "predecessors": "change ids joined by ';', each with a pause if wanted: A;B+120m;C+2h;D+1d",
        "skills": "skills joined by ';', each with the number of people if not one: dba;network*2",
        "targets": "* (everything), service:x, team:x, site:x or engineer:x, joined by ';'",
    }
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file, or one key of policy.toml (dotted; NAME stands for a name of the user's own).

    `default` is written as a cell would be; `when_empty` says in words what holds where the default depends on other
    cells. `least`, `most` and `decimals` bound numbers. `key` marks ids that must be unique in the file, and `refers`
    names the kinds of things that a reference is looked up in. A kind of thing is the first column of its file.
    """

    name: str
    type: str
    meaning: str
    file: str = ""
    unit: str = ""
    required: bool = False
    key: bool = False
    default: str = ""
    when_empty: str = ""
    least: Decimal | int | None = None
    most: Decimal | int | None = None
    decimals: int | None = None
    choices: tuple[str, ...] = ()
    refers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of a portfolio."""

    name: str
    meaning: str
    required: bool = False


FILES: Mapping[str, File] = MappingProxyType(
    {
        file.name: file
        for file in (
            File(name="policy.toml", meaning="the rules of the house", required=True),
            File(name="teams.csv", meaning="clients of services", required=True),
            File(name="services.csv", meaning="what teams use", required=True),
            File(name="dependencies.csv", meaning="which services need which"),
            File(name="redundancy.csv", meaning="groups that can spare members"),
            File(name="usage.csv", meaning="recorded usage; also as usage.parquet"),
            File(name="events.csv", meaning="usage that is known to differ"),
            File(name="changes.csv", meaning="the work to be planned", required=True),
            File(name="external.csv", meaning="the work of vendors, as their notices say"),
            File(name="engineers.csv", meaning="who carries changes out"),
            File(name="calendars.csv", meaning="hours of blackouts, allowed work and engineers"),
            File(name="preferences.csv", meaning="hours that teams mind"),
            File(name="decisions.csv", meaning="windows pinned, approved or rejected"),
            File(name="history.csv", meaning="past work"),
        )
    }
)


WHOLE, DECIMAL, SHARE, MONEY = "whole number", "decimal", "share", "money"
# Bounds of a type where a column has none of its own: (least, most, decimals).
_BOUNDS: Mapping[str, tuple[int, int, int]] = MappingProxyType(
    {
        WHOLE: (0, 1_000_000, 0),
        DECIMAL: (0, 1_000_000, 18),
        SHARE: (0, 1, 18),
        MONEY: (0, 1_000_000_000, 2),
    }
)


def _table(file: str, *columns: Column) -> tuple[Column, ...]:
    rows = []
    for column in columns:
        least, most, decimals = _BOUNDS.get(column.type, (None, None, None))
        rows.append(
            replace(
                column,
                file=file,
                required=column.required or column.key,
                unit=column.unit or ("currency" if column.type == MONEY else ""),
                least=least if column.least is None else column.least,
                most=most if column.most is None else column.most,
                decimals=decimals if column.decimals is None else column.decimals,
            )
        )
    return tuple(rows)


COLUMNS: tuple[Column, ...] = (
    *_table(
        "policy.toml",
        Column("name", "text", "Name of the portfolio.", required=True),
        Column("start", "time", "Start of the horizon, on a whole minute.", required=True),
        Column("weeks", WHOLE, "Local weeks to plan.", required=True, unit="weeks", least=1, most=104),
        Column("now", "time", "Instant of planning; no window starts earlier.",
               when_empty="the clock, or start if earlier"),
        Column("time_zone", "zone", "Zone of times without one.", default="UTC"),
        Column("slot_minutes", WHOLE, "Length of the grid's slots: 15, 30 or 60.", unit="minutes", default="30"),
        Column("currency", "text", "Currency of all money.", default="EUR"),
        Column("organizer", "e-mail", "Sender of calendar entries."),
        Column("domain", "text", "Domain in the ids of calendar entries."),
        Column("degraded_share", SHARE, "Share of usage lost while a service is degraded.", default="0.3"),
        Column("failure_chance", SHARE, "Chance that a change with a backout fails.", default="0.02"),
        Column("redundancy_failure_per_hour", SHARE, "Chance per hour that the rest of a group fails.", default="0"),
        Column("fairness_epsilon", SHARE, "Extra cost that fairness between teams may take; 0 = none.",
               default="0.01"),
        Column("tail_weight", SHARE, "How much the worst tenth of weeks like past ones weighs beside their mean.",
               default="0"),
        Column("move_cost", MONEY, "Price of moving an announced window, × (1 + 7 / days left).", default="0"),
        Column("move_cost_per_day", MONEY, "Price per day it moves.", default="0"),
        Column("max_moves", WHOLE, "Announced windows that may move.", when_empty="no limit"),
        Column("approved_may_move", "yes or no", "Whether approved windows may move.", default="no"),
        Column("service_levels.NAME.weight", DECIMAL, "How much losses at this service level weigh.", default="1",
               decimals=3),
        Column("service_levels.NAME.notice_days", WHOLE, "Calendar days of notice.", unit="days", when_empty="no rule"),
        Column("service_levels.NAME.max_outage_minutes_per_28_days", WHOLE, "Expected minutes out allowed.",
               unit="minutes", when_empty="no rule"),
        Column("service_levels.NAME.protected_hours", "hours", "Hours without outage, in the team's zone.",
               when_empty="no rule"),
        Column("forecast.prior_weeks", DECIMAL, "Weeks that the organisation's profile counts for.", unit="weeks",
               default="2"),
        Column("forecast.half_life_weeks", DECIMAL, "Weeks after which usage counts half.", unit="weeks", default="3",
               least=Decimal("0.1")),
        Column("forecast.history_weeks", WHOLE, "Weeks of history looked at.", unit="weeks", default="12", least=1,
               most=520),
    ),
    *_table(
        "teams.csv",
        Column("team", "id", "Client team.", key=True),
        Column("name", "text", "Name in full.", when_empty="the id"),
        Column("service_level", "id", "Service level of the policy.", when_empty="weight 1, no promises",
               refers=("service level",)),
        Column("time_zone", "zone", "Where the team works.", when_empty="the policy's"),
        Column("holidays", "holidays", "Public holidays the team keeps.", when_empty="none"),
        Column("cost_per_user_hour", MONEY, "What one user loses in an hour of outage.", required=True, most=1_000_000),
        Column("uses", "ids", "Services or groups the team uses, beside those in usage.csv.",
               refers=("service", "group")),
        Column("headcount", WHOLE, "Users in office hours, where no usage is recorded.", unit="users", most=10_000_000),
        Column("notice_days", WHOLE, "Calendar days of notice.", unit="days", when_empty="the service level's"),
        Column("contact", "text", "Person to talk to."),
        Column("email", "e-mail", "Where to write to."),
        Column("language", "text", "Language the team is written to in: en or de, with a country for its way to write "
               "dates, such as de-AT.", default="en"),
    ),
    *_table(
        "services.csv",
        Column("service", "id", "Service.", key=True),
        Column("name", "text", "Name in full.", when_empty="the id"),
        Column("used_for", "long text", "What it is used for, in plain words for clients."),
        Column("site", "id", "Place it runs at."),
        Column("time_zone", "zone", "Where it runs.", when_empty="the policy's"),
        Column("owner", "text", "Who looks after it."),
    ),
    *_table(
        "dependencies.csv",
        Column("service", "id", "Service that needs another.", required=True, refers=("service",)),
        Column("depends_on", "id", "Service or group it needs.", required=True, refers=("service", "group")),
        Column("effect", "choice", "What an outage of it means.", default="OUTAGE", choices=("OUTAGE", "DEGRADED")),
    ),
    *_table(
        "redundancy.csv",
        Column("group", "id", "Redundancy group; one row per member.", required=True),
        Column("service", "id", "Member: a service or another group.", required=True, refers=("service", "group")),
        Column("min_up", WHOLE, "Members the group needs.", unit="members", when_empty="members − 1"),
    ),
    *_table(
        "usage.csv",
        Column("team", "id", "Client team.", required=True, refers=("team",)),
        Column("service", "id", "Service or group it used.", required=True, refers=("service", "group")),
        Column("start", "time", "Start of the period; without a zone it is in the team's.", required=True),
        Column("users", DECIMAL, "Average concurrent users in the period.", required=True, unit="users",
               when_empty="not recorded", most=10_000_000),
        Column("minutes", WHOLE, "Length of the period.", unit="minutes", default="60", least=1, most=10_080),
    ),
    *_table(
        "events.csv",
        Column("team", "id", "Team, or * for all; then times without a zone are in the policy's.", required=True,
               refers=("team", "*")),
        Column("start", "time", "Start; without a zone it is in the team's.", required=True),
        Column("end", "time", "End; without a zone it is in the team's.", required=True),
        Column("factor", DECIMAL, "Multiplies the expected users of all the team's services."),
        Column("users", DECIMAL, "Replaces the sum of the expected users, in place of factor.", unit="users"),
        Column("note", "long text", "What happens."),
    ),
    *_table(
        "changes.csv",
        Column("change", "id", "Change.", key=True),
        Column("title", "text", "What is done, in a few words.", when_empty="the id"),
        Column("type", "choice", "Type of change; external is the work of somebody else, at its fixed_start.",
               default="normal", choices=("standard", "normal", "emergency", "external")),
        Column("services", "ids", "Services worked on.", required=True, refers=("service",)),
        Column("impact", "choice", "What the work does to each of them.", default="OUTAGE",
               choices=("NO-IMPACT", "REDUCED-REDUNDANCY", "DEGRADED", "OUTAGE")),
        Column("duration_minutes", WHOLE, "Length that half of such work keeps to (P50).", required=True,
               unit="minutes", least=1, most=527_040),
        Column("duration_p90_minutes", WHOLE, "Length that nine in ten keep to (P90).", unit="minutes",
               when_empty="duration_minutes", least=1, most=527_040),
        Column("backout_minutes", WHOLE, "Time to undo the work.", unit="minutes", default="0", most=527_040),
        Column("failure_chance", SHARE, "Chance that it must be undone.",
               when_empty="the policy's if there is a backout, else 0"),
        Column("earliest", "time", "No start before.", when_empty="no rule"),
        Column("due", "time", "Over, with its reserve, by.", when_empty="no rule"),
        Column("after", "predecessors", "Changes that must be over before.", refers=("change", "past change")),
        Column("not_with", "ids", "Changes that may not run at the same time.", refers=("change",)),
        Column("same_window_as", "ids", "Changes that start together with it, or are left out with it.",
               refers=("change",)),
        Column("skills", "skills", "People needed.", when_empty="nobody"),
        Column("allowed", "ids", "Allowed calendars; the work lies in their joint hours.", refers=("calendar",)),
        Column("mandatory", "yes or no", "Whether it must be placed.", default="yes"),
        Column("drop_cost", MONEY, "Price of leaving it out; needed where mandatory = no."),
        Column("delay_cost_per_day", MONEY, "Price of each day it waits.", default="0"),
        Column("fixed_start", "time", "The only start it may take.", when_empty="any"),
        Column("repeats", "text", "Comes back by an RRULE such as FREQ=MONTHLY;BYDAY=2TU + 5 days, or second Tuesday "
               "+ 5 days: one change per date in the horizon, id@2026-12-08. The first date is at or after earliest; "
               "each may move until the next one begins, or as long as due leaves the first. Who comes after a "
               "repeated id comes after its last occurrence on or before its own date."),
        Column("what_you_will_notice", "long text", "What clients will see, in plain words."),
        Column("why", "long text", "Why it is done, in plain words."),
        Column("workaround", "long text", "What clients can do meanwhile."),
        Column("requested_by", "text", "Who asked for it."),
        Column("description", "long text", "Anything else."),
    ),
    *_table(
        "external.csv",
        Column("external", "id", "Work of somebody else; what is told and priced is as for a change.", key=True),
        Column("title", "text", "What is done.", when_empty="the id"),
        Column("provider", "text", "Who does it."),
        Column("services", "ids", "Services it touches.", required=True, refers=("service",)),
        Column("impact", "choice", "What it does to each of them.", default="OUTAGE",
               choices=("NO-IMPACT", "REDUCED-REDUNDANCY", "DEGRADED", "OUTAGE")),
        Column("start", "time", "When it starts.", required=True),
        Column("end", "time", "When it is over.", required=True),
        Column("blocks", "yes or no", "Whether work of our own on these services is forbidden meanwhile; else it may "
               "share the outage.", default="no"),
        Column("notice", "text", "Which notice said so, as scheduler notices keeps it."),
    ),
    *_table(
        "engineers.csv",
        Column("engineer", "id", "Engineer.", key=True),
        Column("skills", "ids", "What the engineer can do.", required=True),
        Column("time_zone", "zone", "Where the engineer works.", when_empty="the policy's"),
        Column("works", "works", "When the engineer works.", when_empty="always"),
        Column("email", "e-mail", "Where invitations to the work go.", when_empty="none are sent"),
    ),
    *_table(
        "calendars.csv",
        Column("calendar", "id", "Calendar.", key=True),
        Column("kind", "choice", "What its hours are.", required=True, choices=("blackout", "allowed", "working")),
        Column("file", "text", "Its hours as the entries of an .ics file in the portfolio's folder."),
        Column("url", "text", "Where that file is published; scheduler fetch brings it up to date."),
        Column("hours", "hours", "Its hours.", when_empty="always"),
        Column("time_zone", "zone", "Zone of its hours; in a file, of whole days and of times without one.",
               when_empty="the policy's"),
        Column("transparent", "yes or no", "Whether entries of its file marked free (TRANSPARENT) count; calendars "
               "export freezes of whole days so.", default="yes"),
        Column("applies_to", "targets", "What it binds.", when_empty="* for blackouts, else who names it"),
        Column("hard", "yes or no", "Whether it must be obeyed or has a price.", default="yes"),
        Column("cost_per_hour", MONEY, "Its price; needed where hard = no."),
    ),
    *_table(
        "preferences.csv",
        Column("team", "id", "Client team.", required=True, refers=("team",)),
        Column("kind", "choice", "What the team asks for.", required=True, choices=("never", "avoid", "prefer")),
        Column("hours", "hours", "Weekly hours meant, in the team's zone; or a period:"),
        Column("start", "time", "Its start; without a zone it is in the team's."),
        Column("end", "time", "Its end; without a zone it is in the team's."),
        Column("cost_per_hour", MONEY, "Price of work in these hours (prefer: outside); needed where kind = avoid."),
        Column("reason", "long text", "Why."),
    ),
    *_table(
        "decisions.csv",
        Column("change", "id", "Change; later rows win over earlier ones.", required=True,
               refers=("change", "past change")),
        Column("kind", "choice", "What was decided about the window.", required=True,
               choices=("pin", "approve", "reject")),
        Column("start", "time", "Start of the window.", required=True),
        Column("announced_at", "time", "When clients were told.", when_empty="not announced"),
        Column("reason", "long text", "Why it was decided so."),
        Column("by", "text", "Who decided."),
        Column("at", "time", "When it was decided."),
    ),
    *_table(
        "history.csv",
        Column("change", "id", "Change that is done.", required=True),
        Column("kind", "text", "Kind of work: the type of change."),
        Column("services", "ids", "Services worked on."),
        Column("planned_start", "time", "Planned start."),
        Column("planned_end", "time", "Planned end."),
        Column("actual_start", "time", "Real start; check shows the lengths learnt beside those typed."),
        Column("actual_end", "time", "Real end."),
    ),
)  # fmt: skip

TABLES: Mapping[str, Mapping[str, Column]] = MappingProxyType(
    {file: MappingProxyType({one.name: one for one in COLUMNS if one.file == file}) for file in FILES}
)


def readme_table() -> str:
    """Give the README's two tables in Markdown: how cells are written, and every column of every file."""
    lines = ["| type | how it is written |", "| --- | --- |"]
    lines += [f"| {name} | {_escaped(how)} |" for name, how in TYPES.items()]
    lines += ["", "| file | column (bold = required) | type | unit | default | meaning |", "| --- " * 6 + "|"]
    for column in COLUMNS:
        name = f"**{column.name}**" if column.required else column.name
        kind = ", ".join(column.choices) or column.type
        empty = column.when_empty or column.default
        row = (column.file, name, kind, column.unit, _escaped(empty), _escaped(column.meaning))
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*")
