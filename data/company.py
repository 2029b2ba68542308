"""The company of the sample: Calder Mutual, an insurer in London, New York and Singapore. Nothing is real."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from patterns import weekly_profile
from world import Pair, Row, World, midnight

LONDON, NEW_YORK, SINGAPORE = "Europe/London", "America/New_York", "Asia/Singapore"
HOLIDAYS = {LONDON: "GB-ENG", NEW_YORK: "US-NY", SINGAPORE: "SG"}
LEVELS = {"basic": (1, 5), "enhanced": (2, 7), "premium": (4, 10)}
START = datetime(2027, 3, 1, tzinfo=ZoneInfo(LONDON))
NOW = datetime(2027, 2, 22, 9, tzinfo=ZoneInfo(LONDON))

# team | name | level | zone | cost per user and hour | headcount | pattern | contact
TEAMS = """
claims-london | Claims London | enhanced | Europe/London | 38 | 180 | office | Priya Nair
care-london | Customer care London | premium | Europe/London | 32 | 240 | care | Tom Ashdown
settlement-london | Overnight settlement | premium | Europe/London | 85 | 60 | night_batch | Ruth Okafor
treasury-london | Treasury | premium | Europe/London | 120 | 35 | office | Hugo Brandt
finance-london | Finance | enhanced | Europe/London | 55 | 70 | office | Elin Sorensen
people-london | People and pay | basic | Europe/London | 30 | 40 | office | Grace Mbeki
underwriting-ny | Underwriting New York | enhanced | America/New_York | 85 | 110 | office | Daniel Ruiz
care-ny | Customer care New York | premium | America/New_York | 34 | 160 | care | Alicia Monroe
online-ny | Online customers | premium | America/New_York | 18 | 500 | evening | Ben Kowalski
actuarial-ny | Actuarial | basic | America/New_York | 75 | 45 | office | Mei Tanaka
sales-ny | Sales New York | basic | America/New_York | 45 | 130 | office | Olivia Grant
claims-sg | Claims Singapore | enhanced | Asia/Singapore | 36 | 90 | office | Wei Ling Tan
brokers-sg | Broker desk Singapore | enhanced | Asia/Singapore | 48 | 120 | six_day | Arjun Pillai
operations-sg | Operations centre | enhanced | Asia/Singapore | 42 | 90 | shifts | Farah Rahman
"""
# team: service:share of the headcount at the peak
USES = """
claims-london: claims-desk:.7 document-store:.3 mail:.4 telephony:.25 intranet:.1
care-london: crm:.5 telephony:.6 policy-admin:.3 claims-desk:.1 knowledge-base:.4 mail:.3 hr-self-service:.1
care-london: learning:.1
settlement-london: settlement:.8 payments:.6 ledger:.4 data-warehouse:.25 claims-desk:.2 policy-admin:.3
settlement-london: broker-portal:.2 mail:.3 telephony:.2 intranet:.2 document-store:.2
treasury-london: treasury-desk:.8 payments:.3 ledger:.2 reporting:.2 mail:.4
finance-london: ledger:.6 reporting:.35 data-warehouse:.2 mail:.4
people-london: hr-self-service:.5 payroll:.4 mail:.4 learning:.15
underwriting-ny: underwriting-bench:.7 pricing-models:.25 policy-admin:.3 document-store:.2 mail:.4
care-ny: crm:.5 telephony:.6 policy-admin:.3 knowledge-base:.4 mail:.3 learning:.1 payroll:.05
online-ny: customer-portal:.8 payments:.08
actuarial-ny: pricing-models:.6 data-warehouse:.5 reporting:.2 mail:.3
sales-ny: crm:.5 mail:.5 learning:.05 intranet:.1 hr-self-service:.05
claims-sg: claims-desk:.7 document-store:.3 mail:.4 telephony:.2
brokers-sg: broker-portal:.7 crm:.2 mail:.4 field-visits:.3
operations-sg: service-desk:.6 knowledge-base:.35 telephony:.4 mail:.4 hr-self-service:.1 learning:.1
operations-sg: payroll:.05 field-visits:.1 intranet:.2
"""
NOTICE_DAYS = {"treasury-london": "12"}
# Used, but nobody records how much: the plan must assume something and say so.
UNRECORDED = {
    ("people-london", "learning"),
    ("sales-ny", "hr-self-service"),
    ("sales-ny", "intranet"),
    ("brokers-sg", "field-visits"),
}

# service | name | kind | site | owner | what clients use it for
SERVICES = """
net-london | London data centre network | network | london | Network | reaching what runs in London
net-newyork | New York data centre network | network | newyork | Network | reaching what runs in New York
net-singapore | Singapore office network | network | singapore | Network | reaching company applications from Singapore
dns-1 | Name server London | dns | london | Network | finding company addresses (one of two)
dns-2 | Name server New York | dns | newyork | Network | finding company addresses (one of two)
storage-london | London storage array | storage | london | Platform | keeping files and databases in London
storage-newyork | New York storage array | storage | newyork | Platform | keeping files and databases in New York
sso | Single sign-on | identity | london | Security | signing in once for most applications
lb-1 | Load balancer London | balancer | london | Network | spreading web traffic (one of two)
lb-2 | Load balancer New York | balancer | newyork | Network | spreading web traffic (one of two)
db-core-a | Core database London | replica | london | Databases | policies and claims (one of two copies)
db-core-b | Core database New York | replica | newyork | Databases | policies and claims (one of two copies)
db-finance | Finance database | database | london | Databases | ledger, payments and treasury records
bus-1 | Message bus node London | bus | london | Platform | passing messages between applications (one of three)
bus-2 | Message bus node New York | bus | newyork | Platform | passing messages between applications (one of three)
bus-3 | Message bus node Singapore | bus | singapore | Platform | passing messages between applications (one of three)
api-gateway | Partner and web gateway | gateway | newyork | Platform | the door through which portals reach our systems
claims-desk | Claims desk | app | london | Applications | registering and settling claims
policy-admin | Policy administration | app | london | Applications | quoting, changing and renewing policies
customer-portal | Customer portal | app | newyork | Applications | customers' policies, payments and claims on the web
broker-portal | Broker portal | app | singapore | Applications | quotes and documents for brokers
underwriting-bench | Underwriting workbench | app | newyork | Applications | assessing and pricing large risks
pricing-models | Pricing models | analytics | newyork | Data | running pricing and reserving models
data-warehouse | Data warehouse | analytics | newyork | Data | company figures for analysis
reporting | Reporting | analytics | newyork | Data | management and regulatory reports
ledger | General ledger | app | london | Applications | booking and closing the accounts
payments | Payments hub | app | london | Applications | paying claims and collecting premiums
settlement | Settlement batch | batch | london | Applications | overnight settlement with banks
treasury-desk | Treasury desk | app | london | Applications | cash, funding and dealing
document-store | Document store | app | london | Platform | letters, photographs and contracts
crm | Customer records | app | newyork | Applications | seeing a customer's history during a call
telephony | Telephony | hosted | london | Network | calls, queues and call recording
mail | Mail and calendars | hosted | london | Platform | mail, calendars and shared mailboxes
intranet | Intranet | hosted | london | Platform | news, phone book and forms
knowledge-base | Knowledge base | hosted | newyork | Platform | how-to pages for customer care and operations
hr-self-service | HR self-service | hosted | london | Applications | leave, absence and personal data
payroll | Payroll | hosted | london | Applications | working out and paying salaries
learning | Learning | hosted | london | Applications | training courses and certificates
service-desk | Service desk | hosted | singapore | Platform | tickets and requests to IT
field-visits | Field visits | app | singapore | Applications | planning and recording visits to customers
"""

# service: group or service it depends on (~ degraded without it, else out)
DEPENDENCIES = """
sso: net-london dns
lb-1: net-london
lb-2: net-newyork
db-core-a: storage-london net-london
db-core-b: storage-newyork net-newyork
db-finance: storage-london net-london
bus-1: net-london
bus-2: net-newyork
bus-3: net-singapore
api-gateway: load-balancers ~sso
claims-desk: core-db sso ~document-store
policy-admin: core-db ~message-bus ~sso
customer-portal: api-gateway ~core-db
broker-portal: api-gateway ~net-singapore
underwriting-bench: net-newyork ~policy-admin
pricing-models: storage-newyork
data-warehouse: storage-newyork
reporting: data-warehouse
ledger: db-finance
payments: db-finance message-bus
settlement: payments
treasury-desk: db-finance ~payments
document-store: storage-london
crm: net-newyork ~sso
intranet: ~sso
service-desk: ~sso
field-visits: net-singapore
"""
GROUPS = {
    "load-balancers": ("lb-1 lb-2", 1),
    "dns": ("dns-1 dns-2", 1),
    "core-db": ("db-core-a db-core-b", 1),
    "message-bus": ("bus-1 bus-2 bus-3", 2),
}
FINANCE = ("db-finance", "ledger", "payments", "settlement", "treasury-desk", "payroll")

# engineer | skills | zone | works: every skill has somebody on duty at all hours, seldom more than two at weekends
ENGINEERS = """
ana | dba;storage | Europe/London | Mon-Fri 08:00-18:00; Sat 20:00-08:00
ben | network;security | Europe/London | Mon-Fri 08:00-18:00; Sat 18:00-08:00; Sun 18:00-04:00
chloe | apps;platform | Europe/London | Mon-Fri 08:00-18:00; Sat-Sun 20:00-08:00
dev | platform;storage | Europe/London | weekend-crew
esther | apps;platform;dba | Europe/London | Wed-Sun 14:00-24:00
oscar | network;platform | Europe/London | weekend-crew
frank | network;storage;platform | America/New_York | Mon-Fri 08:00-19:00; Sat-Sun 00:00-14:00
gwen | dba;apps | America/New_York | Mon-Fri 08:00-19:00; Sat-Sun 00:00-14:00
hector | platform;security;apps | America/New_York | Mon-Fri 09:00-21:00; Sat-Sun 00:00-14:00
ivy | network;apps | America/New_York | Sat-Tue 16:00-04:00
jun | apps;dba;storage | Asia/Singapore | Mon-Fri 07:00-19:00; Sat-Sun 08:00-20:00
kumar | network;platform | Asia/Singapore | Mon-Fri 07:00-19:00; Sat-Sun 08:00-20:00
lin | storage;dba;security | Asia/Singapore | singapore-nights
mina | security;apps;network | Asia/Singapore | Wed-Sun 10:00-22:00
"""

# calendar | kind | hours or file | zone | applies to
CALENDARS = """
night-london | allowed | Mon-Sun 21:00-06:00 | Europe/London |
night-newyork | allowed | Mon-Sun 21:00-06:00 | America/New_York |
night-singapore | allowed | Mon-Sun 21:00-06:00 | Asia/Singapore |
weekend-london | allowed | Sat-Sun 00:00-24:00 | Europe/London |
weekend-newyork | allowed | Sat-Sun 00:00-24:00 | America/New_York |
weekend-singapore | allowed | Sat-Sun 00:00-24:00 | Asia/Singapore |
weekend-crew | working | Fri 20:00-06:00; Sat-Sun 08:00-02:00; Mon-Tue 12:00-22:00 | Europe/London |
singapore-nights | working | Mon-Thu 20:00-08:00; Sat-Sun 10:00-24:00 | Asia/Singapore |
weekly-cash-close | blackout | Fri 15:00-19:00 | Europe/London | service:payments;service:treasury-desk
morning-rush | blackout | Mon-Fri 08:30-10:00 | Europe/London | *
quarter-end | blackout | calendars/quarter-end.ics | Europe/London | finance
renewal-day | blackout | calendars/renewal-day.ics | Europe/London | *
"""
FREEZES = {
    "calendars/quarter-end.ics": ((2027, 3, 30), (2027, 4, 3), "Quarter-end close of the accounts"),
    "calendars/renewal-day.ics": ((2027, 4, 14), (2027, 4, 16), "Main renewal date: no changes"),
}


def rows_of(text: str, *columns: str) -> list[Row]:
    """Read a table written with bars."""
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return [dict(zip(columns, line, strict=True)) for line in lines]


def company(rng: np.random.Generator) -> World:
    """Make the company: the names are fixed, how much each team uses what is drawn."""
    world = World("Calder Mutual, spring 2027", START.astimezone(ZoneInfo("UTC")), 8, NOW, LONDON, LEVELS)
    uses = [line.split(": ") for line in USES.strip().splitlines()]
    columns = "team name service_level time_zone cost_per_user_hour headcount pattern contact"
    for row in rows_of(TEAMS, *columns.split()):
        shares = [part.split(":") for team, parts in uses if team == row["team"] for part in parts.split()]
        lively, dear = (float(x) for x in np.exp(0.15 * rng.standard_normal(2)))
        row["headcount"] = str(round(float(row["headcount"]) * lively))
        row["cost_per_user_hour"] = str(round(min(120.0, max(15.0, float(row["cost_per_user_hour"]) * dear))))
        for service, share in shares:
            users = float(row["headcount"]) * float(share) * float(np.exp(0.2 * rng.standard_normal()))
            profile = weekly_profile(row["pattern"], users, rng)
            world.pairs[row["team"], service] = Pair(profile, (row["team"], service) not in UNRECORDED)
        email = row["contact"].lower().replace(" ", ".") + "@calder.example"
        extra = {
            "holidays": HOLIDAYS[row["time_zone"]],
            "notice_days": NOTICE_DAYS.get(row["team"], ""),
            "email": email,
            "language": "en",
        }
        world.teams.append(row | extra | {"uses": ";".join(service for service, _ in shares)})
    world.services = rows_of(SERVICES, "service", "name", "kind", "site", "owner", "used_for")
    for row in world.services:
        row["time_zone"] = {"london": LONDON, "newyork": NEW_YORK, "singapore": SINGAPORE}[row["site"]]
        row["nights"] = "busy" if row["service"] in FINANCE else ""
        row["layer"] = "leaf" if row["kind"] in ("app", "analytics", "batch", "hosted") else "shared"
    for line in DEPENDENCIES.strip().splitlines():
        service, needs = line.split(": ")
        for need in needs.split():
            effect = "DEGRADED" if need[0] == "~" else "OUTAGE"
            world.dependencies.append({"service": service, "depends_on": need.lstrip("~"), "effect": effect})
    for group, (members, least) in GROUPS.items():
        world.redundancy += [{"group": group, "service": m, "min_up": str(least)} for m in members.split()]
    world.engineers = rows_of(ENGINEERS, "engineer", "skills", "time_zone", "works")
    for row in rows_of(CALENDARS, "calendar", "kind", "hours", "time_zone", "applies_to"):
        in_file = row["hours"].endswith(".ics")
        target = (
            ";".join(f"service:{name}" for name in FINANCE) if row["applies_to"] == "finance" else row["applies_to"]
        )
        where = {"file": row["hours"] if in_file else "", "hours": "" if in_file else row["hours"]}
        world.calendars.append(row | where | {"applies_to": target})
    for file, (first, after, title) in FREEZES.items():
        days = [midnight(datetime(*day, tzinfo=ZoneInfo(LONDON)), LONDON) for day in (first, after)]
        world.freezes[file] = (days[0], days[1], title)
    return world
