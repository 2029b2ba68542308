"""The kinds of work that engineers do, in the words that clients read."""

from dataclasses import dataclass

from world import Row


@dataclass(frozen=True)
class Work:
    """A kind of change; `{name}` stands for the service's name. `impact` is empty for an outage."""

    title: str
    impact: str
    minutes: int
    skills: str
    notice: str
    why: str
    workaround: str = ""


GONE = "{name} is out of reach, and with it everything that needs it."
NOBODY = "Nothing: a second one takes over."
SAVE = "Save your work and sign out before the start."

EMERGENCY = Work(
    "Close a security hole: {name}",
    "",
    60,
    "apps",
    "{name} shows a maintenance page.",
    "A weakness is being used elsewhere already.",
)

KINDS: dict[str, tuple[Work, ...]] = {
    "network": (
        Work("Replace core switches: {name}", "", 120, "network*2", GONE, "The switches lose support in June.", SAVE),
        Work("Upgrade routing software: {name}", "", 90, "network", GONE, "Closes a weakness reported by the maker."),
        Work("Renew firewalls: {name}", "", 120, "network;security", GONE, "The present firewalls are at their limit."),
        Work("Move {name} to the new carrier", "", 150, "network", GONE, "Halves the delay between sites.", SAVE),
    ),
    "storage": (
        Work(
            "Upgrade firmware: {name}",
            "",
            150,
            "storage",
            "Files and records cannot be opened.",
            "Fixes a fault seen in February.",
        ),
        Work(
            "Replace controllers: {name}",
            "",
            210,
            "storage;platform",
            "Files and records cannot be opened.",
            "The controllers reached their age limit.",
        ),
        Work(
            "Rebalance volumes: {name}",
            "DEGRADED",
            240,
            "storage",
            "Opening files takes longer.",
            "Makes room for the new year's documents.",
        ),
    ),
    "identity": (
        Work(
            "Upgrade {name}",
            "",
            90,
            "security;platform",
            "You cannot sign in; who is signed in stays so.",
            "Brings sign-in without passwords.",
            "Sign in before the start.",
        ),
        Work(
            "Move {name} to new servers",
            "",
            150,
            "platform;dba",
            "You cannot sign in.",
            "The old servers lose support.",
            "Sign in before the start.",
        ),
        Work(
            "Renew signing keys: {name}",
            "",
            60,
            "security",
            "You are signed out once.",
            "Keys are renewed every year.",
            SAVE,
        ),
    ),
    "database": (
        Work("Upgrade database version: {name}", "", 180, "dba", GONE, "The present version loses support.", SAVE),
        Work(
            "Rebuild indexes: {name}",
            "DEGRADED",
            150,
            "dba",
            "Searches and reports are slow.",
            "Month-end reports became slow.",
        ),
        Work("Move {name} to faster disks", "", 240, "dba;storage", GONE, "Closing the accounts takes too long.", SAVE),
        Work("Patch the servers of {name}", "", 75, "platform;dba", GONE, "Security patches of the quarter."),
    ),
    "replica": (
        Work(
            "Upgrade database version: {name}",
            "REDUCED-REDUNDANCY",
            180,
            "dba",
            NOBODY,
            "The present version loses support.",
        ),
        Work(
            "Patch the servers of {name}",
            "REDUCED-REDUNDANCY",
            90,
            "platform",
            NOBODY,
            "Security patches of the quarter.",
        ),
        Work(
            "Add memory: {name}", "REDUCED-REDUNDANCY", 120, "dba;platform", NOBODY, "Searches slow down at peak hours."
        ),
    ),
    "dns": (
        Work("Patch {name}", "REDUCED-REDUNDANCY", 60, "network", NOBODY, "Security patches of the quarter."),
        Work("Replace {name}", "REDUCED-REDUNDANCY", 120, "network", NOBODY, "The server is eight years old."),
    ),
    "balancer": (
        Work("Upgrade {name}", "REDUCED-REDUNDANCY", 90, "network", NOBODY, "Closes a weakness reported by the maker."),
        Work("Renew certificates: {name}", "NO-IMPACT", 45, "security", "Nothing.", "Certificates end in May."),
    ),
    "bus": (
        Work("Upgrade {name}", "REDUCED-REDUNDANCY", 120, "platform", NOBODY, "The present version loses support."),
        Work("Enlarge disks: {name}", "REDUCED-REDUNDANCY", 75, "storage", NOBODY, "Queues grew by a third in a year."),
    ),
    "gateway": (
        Work(
            "Upgrade {name}",
            "",
            120,
            "network;apps",
            "Portals show a maintenance page.",
            "Lets partners see claims in real time.",
            "Telephone the broker desk.",
        ),
        Work(
            "Tighten access rules: {name}",
            "",
            60,
            "security",
            "Portals show a maintenance page.",
            "Finding of the yearly security test.",
        ),
        Work(
            "Move {name} to containers",
            "",
            180,
            "platform",
            "Portals show a maintenance page.",
            "Makes later upgrades invisible.",
        ),
    ),
    "app": (
        Work(
            "Release spring version: {name}",
            "",
            120,
            "apps",
            "{name} cannot be opened.",
            "New screens that your team asked for.",
            SAVE,
        ),
        Work(
            "Patch the servers of {name}",
            "",
            60,
            "platform",
            "{name} cannot be opened.",
            "Security patches of the quarter.",
        ),
        Work(
            "Upgrade database of {name}",
            "",
            150,
            "dba",
            "{name} cannot be opened.",
            "The present version loses support.",
            SAVE,
        ),
        Work(
            "Archive old records: {name}",
            "DEGRADED",
            180,
            "dba",
            "Searching in {name} is slow.",
            "Ten years of closed cases slow every search.",
        ),
        Work(
            "Move {name} to new servers",
            "",
            210,
            "platform;apps",
            "{name} cannot be opened.",
            "The old servers lose support.",
            "Use the paper form.",
        ),
        Work(
            "Change web certificates: {name}",
            "",
            30,
            "security",
            "{name} cannot be opened.",
            "Certificates end in May.",
        ),
    ),
    "analytics": (
        Work(
            "Upgrade {name}",
            "",
            180,
            "platform;dba",
            "{name} cannot be used and jobs wait.",
            "The present version loses support.",
        ),
        Work(
            "Enlarge storage of {name}",
            "",
            120,
            "storage",
            "{name} cannot be used and jobs wait.",
            "Space ends in May.",
        ),
        Work(
            "Reload history: {name}",
            "DEGRADED",
            300,
            "dba",
            "Figures of last year are incomplete.",
            "Corrects last year's exchange rates.",
        ),
    ),
    "batch": (
        Work(
            "Release spring version: {name}",
            "",
            120,
            "apps",
            "No settlement runs start.",
            "Adds the new clearing bank.",
            "Runs start when the work ends.",
        ),
        Work(
            "Tune database of {name}",
            "",
            90,
            "dba",
            "No settlement runs start.",
            "The night run ends too late.",
            "Runs start when the work ends.",
        ),
        Work(
            "Patch the servers of {name}",
            "",
            60,
            "platform",
            "No settlement runs start.",
            "Security patches of the quarter.",
        ),
    ),
    "hosted": (
        Work("Upgrade {name}", "", 150, "apps", "{name} cannot be opened.", "The maker withdraws the present version."),
        Work(
            "Connect {name} to new directory",
            "",
            75,
            "security",
            "{name} cannot be opened.",
            "One place for joiners and leavers.",
        ),
        Work("Change settings for summer: {name}", "NO-IMPACT", 45, "apps", "Nothing.", "Opening hours change in May."),
        Work(
            "Move {name} to another data centre",
            "",
            240,
            "apps;platform",
            "{name} cannot be opened.",
            "Our provider closes its old data centre.",
            "Ask the operations centre by telephone.",
        ),
        Work(
            "Repair slow pages: {name}", "DEGRADED", 90, "apps", "Some pages load slowly.", "Complaints of the winter."
        ),
    ),
}


def describe(work: Work, service: Row) -> Row:
    """Give the columns of a change that are words."""
    name = service["name"]
    return {
        "title": work.title.format(name=name),
        "impact": work.impact,
        "skills": work.skills,
        "what_you_will_notice": work.notice.format(name=name),
        "why": work.why,
        "workaround": work.workaround,
    }
