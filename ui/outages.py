"""The projected service outage: the plan as services see it, as rows to read and take away, and as hours to draw.

Times of what is drawn are local, without a zone in the values; whoever shows them names the zone.
"""

import csv
import io
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

import altair as alt
import pandas as pd

from scheduler.demand.topology import clients, effects
from scheduler.horizon import Window, wall_to_utc
from scheduler.inputs.tables import guarded, utc_text
from scheduler.portfolio import Impact, Portfolio
from scheduler.schedule import CLIENT_COSTS, Placement
from scheduler.summary import count_text
from scheduler.wording import instant_text, listing, window_text

from .axes import Span, Width, as_utc, finished, local_time_axis, time_lines
from .frames import frame, local_time, money
from .heat import row_labels
from .per_plan import per_plan
from .review import Plan
from .text import visible
from .theme import LIGHT, Palette

OUTAGE_COLUMNS = ("id", "impact", "change", "start", "expected_end", "reserved_until", "minutes", "cents")
TOLD_COLUMNS = ("service", "title", "window", "expected", "teams", "cost", "owner")
HOUR_COLUMNS = ("id", "row", "start", "end", "impact", "minutes", "changes", "says")
CSV_COLUMNS = (
    "service", "name", "impact", "change", "title", "state", "start_utc", "expected_end_utc", "reserved_until_utc",
    "start_local", "expected_end_local", "reserved_until_local", "time_zone", "expected_minutes", "teams", "cost",
    "currency", "owner",
)  # fmt: skip
SYMBOLS: Mapping[str, str] = {"OUTAGE": "■", "DEGRADED": "◧", "REDUCED-REDUNDANCY": "□"}
"""What a service's clients feel, worst first, and the symbol of each."""
BANDS = (0.86, 0.5, 0.22)
"""How much of its row each of them fills, so that no colour is needed to tell them apart."""
ROW_PIXELS = 20
MOST_NAMED = 4


@per_plan
def outages(plan: Plan) -> pd.DataFrame:
    """Give one row per window and service that it puts out, degrades or leaves without reserve, by time.

    Columns are `OUTAGE_COLUMNS`: instants in UTC; `minutes` are those that the impact is expected to last, `cents` what
    clients of that service lose by that change. There may be very many rows: `told` gives words to some.
    """
    lost: dict[tuple[str, str], int] = defaultdict(int)
    for charge in plan.result.charges:
        if charge.cost in CLIENT_COSTS:
            lost[charge.change, charge.service] += charge.cents
    rows = []
    for one in sorted(plan.result.schedule.placements, key=lambda one: (one.start, one.change)):
        minutes = (one.end - one.start) // timedelta(minutes=1)
        for service, impact in felt(plan.portfolio, one.change):
            cents = lost.get((one.change, service), 0)
            rows.append((service, impact, one.change, one.start, one.end, one.reserved_until, minutes, cents))
    return pd.DataFrame(rows, columns=list(OUTAGE_COLUMNS))


def told(plan: Plan, rows: pd.DataFrame) -> pd.DataFrame:
    """Give rows of `outages` with words: `TOLD_COLUMNS`, times local in the policy's zone."""
    portfolio, zone = plan.portfolio, plan.portfolio.policy.time_zone
    names, teams, used = row_labels(portfolio, "service"), row_labels(portfolio, "team"), clients(portfolio)
    windows = {change: window_text(plan.placed[change].reserved, zone) for change in set(rows["change"])}
    over = {change: instant_text(plan.placed[change].end, zone) for change in set(rows["change"])}
    services = portfolio.services
    return rows.assign(
        service=[names.get(id, visible(id)) for id in rows["id"]],
        title=[visible(portfolio.changes[change].title) for change in rows["change"]],
        window=[windows[change] for change in rows["change"]],
        expected=[over[change] for change in rows["change"]],
        teams=[listing([teams[team] for team in used.get(id, ())], MOST_NAMED) for id in rows["id"]],
        cost=[money(portfolio, cents) for cents in rows["cents"]],
        owner=[visible(services[id].owner) if id in services else "" for id in rows["id"]],
    )


def felt(portfolio: Portfolio, change: str) -> Iterator[tuple[str, str]]:
    """List the services and groups that feel a change, by id, with the impact level that each has."""
    effect = effects(portfolio)[change]
    found = dict.fromkeys(effect.reduced, Impact.REDUCED_REDUNDANCY.value)
    found |= dict.fromkeys(effect.degraded, Impact.DEGRADED.value)
    found |= dict.fromkeys(effect.out, Impact.OUTAGE.value)
    yield from sorted(found.items())


def outages_csv(plan: Plan, rows: pd.DataFrame, states: Mapping[str, str]) -> bytes:
    """Give rows of `outages` as CSV with `CSV_COLUMNS`; no cell is taken for a formula by a spreadsheet."""
    zone, currency = plan.portfolio.policy.time_zone, plan.portfolio.policy.currency
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, CSV_COLUMNS)
    writer.writeheader()
    used, changes, services = clients(plan.portfolio), plan.portfolio.changes, plan.portfolio.services
    for one in rows.to_dict("records"):
        known = services.get(one["id"])
        texts = {
            "service": one["id"], "name": known.name if known else "", "change": one["change"],
            "title": changes[one["change"]].title, "owner": known.owner if known else "",
            "teams": ";".join(used.get(one["id"], ())), "currency": currency,
        }  # fmt: skip
        times = {"start": one["start"], "expected_end": one["expected_end"], "reserved_until": one["reserved_until"]}
        writer.writerow(
            {name: guarded(text) for name, text in texts.items()}
            | {f"{name}_utc": utc_text(at.to_pydatetime()) for name, at in times.items()}
            | {f"{name}_local": f"{local_time(at, zone):%Y-%m-%dT%H:%M}" for name, at in times.items()}
            | {
                "impact": one["impact"],
                "state": states.get(one["change"], ""),
                "time_zone": zone,
                "expected_minutes": one["minutes"],
                "cost": f"{one['cents'] // 100}.{one['cents'] % 100:02d}",
            }
        )
    return table.getvalue().encode("utf-8", "replace")


def outage_hours(plan: Plan, ids: Collection[str], span: Span, hours: int) -> pd.DataFrame:
    """Give what services feel in every step of `hours` of a stretch of local time, with `HOUR_COLUMNS`.

    `impact` is the worst of a step, `minutes` those of it in which work is expected to go on, counted once.
    """
    zone, names = plan.portfolio.policy.time_zone, row_labels(plan.portfolio, "service")
    inside = Window(*(wall_to_utc(one, zone) for one in span))
    by_service: dict[str, list[tuple[Placement, str]]] = defaultdict(list)
    for one in plan.result.schedule.placements:
        if one.expected.overlaps(inside):
            for service, impact in felt(plan.portfolio, one.change):
                if service in ids:
                    by_service[service].append((one, impact))
    rows = []
    for service in ids:
        steps: dict[datetime, list[tuple[Placement, str, Window]]] = defaultdict(list)
        for one, impact in by_service[service]:
            for step, part in _steps(one.expected, span[0], hours, zone):
                steps[step].append((one, impact, part))
        for step, parts in sorted(steps.items()):
            if not span[0] <= step < span[1]:
                continue
            worst = next(impact for impact in SYMBOLS if impact in {one for _, one, _ in parts})
            minutes = _minutes([part for _, impact, part in parts if impact == worst])
            changes = listing([visible(one) for one in sorted({one.change for one, _, _ in parts})], MOST_NAMED)
            rows.append(
                {
                    "id": service,
                    "row": names.get(service, visible(service)),
                    "start": step,
                    "end": step + timedelta(hours=hours),
                    "impact": worst,
                    "minutes": minutes,
                    "changes": changes,
                    "says": f"{SYMBOLS[worst]} {worst} for {count_text(minutes, 'minute')}",
                }
            )
    return frame(HOUR_COLUMNS, rows, drawn=True)


def _steps(window: Window, origin: datetime, hours: int, zone: str) -> Iterator[tuple[datetime, Window]]:
    """Cut a window at the steps of a local clock; each part comes with the local start of its step."""
    length, at = timedelta(hours=hours), window.start
    while at < window.end:
        local = local_time(at, zone)
        step = origin + (local - origin) // length * length
        # A step is left when the clock shows its end, or jumps past it.
        left = min(window.end, at + max(timedelta(minutes=1), step + length - local))
        yield step, Window(at, left)
        at = left


def _minutes(parts: list[Window]) -> int:
    covered, until = timedelta(), None
    for one in sorted(parts):
        start = one.start if until is None else max(one.start, until)
        if one.end > start:
            covered += one.end - start
        until = one.end if until is None else max(until, one.end)
    return covered // timedelta(minutes=1)


def outage_chart(
    hours: pd.DataFrame, rows: list[str], *, zone: str, span: Span, width: Width = "container", palette: Palette = LIGHT
) -> alt.LayerChart:
    """Draw what services feel hour by hour: the worse, the more of its row is filled."""
    across = local_time_axis(span, zone)
    down = alt.Y(
        "row:N",
        title=None,
        scale=alt.Scale(domain=rows, paddingInner=0.1, paddingOuter=0),
        axis=alt.Axis(ticks=False, domain=False),
    )
    colours = {"OUTAGE": palette.bad, "DEGRADED": palette.heat[5], "REDUCED-REDUNDANCY": palette.grey}
    told = [
        alt.Tooltip(f"{name}:N", title=title)
        for name, title in (("row", "service"), ("says", "expected"), ("changes", "through"))
    ]
    ground = as_utc(pd.DataFrame({"row": rows, "start": pd.Series([span[0]] * len(rows), dtype="datetime64[us]"),
                                  "end": pd.Series([span[1]] * len(rows), dtype="datetime64[us]")}))  # fmt: skip
    layers = [
        alt.Chart(ground, name="rows").mark_rect(color=palette.surface).encode(x=across, x2=alt.X2("end:T"), y=down),
        time_lines(span, across, palette),
    ]
    layers += [
        alt.Chart(as_utc(hours[hours["impact"] == impact]), name=impact.lower())
        .mark_bar(color=colours[impact], clip=True, height=alt.RelativeBandSize(band=band))
        .encode(x=across, x2=alt.X2("end:T"), y=down, tooltip=told)
        for impact, band in zip(SYMBOLS, BANDS, strict=True)
    ]
    return finished(alt.layer(*layers), palette, width, max(1, len(rows)) * ROW_PIXELS)
