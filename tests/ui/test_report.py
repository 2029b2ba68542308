"""The report says what the documents say, fetches nothing, and shows hostile text as text."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from html.parser import HTMLParser

import pytest
from ui_plans import HOSTILE, SHOWN, document, hostile_plan, impossible, nothing_planned, plan

from scheduler.explanation import Explanation
from scheduler.publish.files import charges_csv
from scheduler.schedule import BaselineFigures, Result
from scheduler.ui.report import render, report

VOID = {"meta", "br", "link", "img", "input", "hr", "base", "source"}


@dataclass
class Element:
    """An element of a page, with the text of it and of all in it."""

    tag: str
    attributes: dict[str, str]
    inside: "list[Element]" = field(default_factory=list)
    text: str = ""

    def all(self) -> "Iterator[Element]":
        yield self
        for element in self.inside:
            yield from element.all()


class Page(HTMLParser):
    """Reads a page into elements; anything that is not closed properly fails."""

    def __init__(self, html: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]
        self.feed(html.decode("utf-8"))
        self.close()
        assert self.open == [self.root], f"left open: {[element.tag for element in self.open]}"

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attributes}) == len(attributes)
        element = Element(tag, {name: value or "" for name, value in attributes})
        self.open[-1].inside.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.open[-1].inside.append(Element(tag, {name: value or "" for name, value in attributes}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> where <{self.open[-1].tag}> is open"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data

    def find(self, **attributes: str) -> list[Element]:
        wanted = {name.replace("_", "-"): value for name, value in attributes.items()}
        return [one for one in self.root.all() if wanted.items() <= one.attributes.items()]

    def cents(self, figure: str, **within: str) -> list[int]:
        roots = self.find(**within) if within else [self.root]
        found = [one for root in roots for one in root.all() if one.attributes.get("data-figure") == figure]
        return [int(one.attributes["data-cents"]) for one in found]


@cache
def page(kind: str = "plan") -> Page:
    return Page(html(kind))


@cache
def html(kind: str = "plan") -> bytes:
    match kind:
        case "plan":
            return render(*plan())
        case "hostile":
            return render(*hostile_plan())
        case "nothing":
            return render(nothing_planned())
        case "impossible":
            return render(impossible(HOSTILE))
        case "stopped":
            return render(replace(impossible(), status="STOPPED", clash=()))
    raise ValueError(kind)


KINDS = ["plan", "hostile", "nothing", "impossible", "stopped"]


# --- figures -----------------------------------------------------------------------------------------------------


def test_the_figures_of_the_plan_are_those_of_schedule_json() -> None:
    found, doc = page(), document(plan()[0])
    assert set(found.cents("cost_cents")) == {doc["cost_cents"]}
    assert found.cents("objective_cents") == [doc["objective_cents"]]
    assert found.cents("bound_cents") == [doc["bound_cents"]]
    for name, part in doc["parts"].items():
        assert found.cents("part.cents", data_cost=name) == [part["cents"]]
        assert found.cents("part.weighted_cents", data_cost=name) == [part["weighted_cents"]]
    assert found.cents("unplaced.drop_cents", data_unplaced="E") == [50_000]


def test_every_change_costs_what_schedule_json_says() -> None:
    for placement in document(plan()[0])["placements"]:
        details = {"class": "", "data_change": placement["change"]}
        found = [one for one in page().find(data_change=details["data_change"]) if one.tag == "details"]
        assert len(found) == 1
        figures = [
            (one.attributes["data-figure"], int(one.attributes["data-cents"]))
            for one in found[0].all()
            if one.attributes.get("data-figure", "").startswith("placement.")
        ]
        amounts = dict(figures)
        assert amounts["placement.cents"] == placement["cents"]
        assert amounts.get("placement.weighted_cents", placement["cents"]) == placement["weighted_cents"]


def test_habits_cost_what_schedule_json_says() -> None:
    for name, habit in document(plan()[0])["baselines"].items():
        (row,) = page().find(data_habit=name)
        for figure in ("objective_cents", "cost_cents", "drop_cents"):
            assert page().cents(f"habit.{figure}", data_habit=name) == [habit[figure]]
        (violations,) = [one for one in row.all() if one.attributes.get("data-figure") == "habit.violations"]
        assert violations.attributes["value"] == violations.text == str(habit["violations"])


def test_losses_are_the_sums_of_charges_csv() -> None:
    result, _ = plan()
    by_team: Counter[str] = Counter()
    weighted: Counter[str] = Counter()
    by_change: Counter[str] = Counter()
    both: Counter[tuple[str, str]] = Counter()
    for row in csv.DictReader(io.StringIO(charges_csv(result.charges).decode())):
        if row["cost"] in ("downtime", "overrun"):
            by_team[row["team"]] += int(row["cents"])
            weighted[row["team"]] += int(row["weighted_cents"])
            by_change[row["change"]] += int(row["cents"])
            both[row["change"], row["team"]] += int(row["cents"])
    for team in result.portfolio.teams:
        assert page().cents("team.cents", data_team=team) == [by_team[team]]
        assert page().cents("team.weighted_cents", data_team=team) == [weighted[team]]
    for change in result.schedule.by_change:
        assert page().cents("placement.client_cents", data_change=change) == [by_change[change]]
        (details,) = [one for one in page().find(data_change=change) if one.tag == "details"]
        rows = [one for one in details.all() if one.tag == "tr" and "data-team" in one.attributes]
        shown = {one.attributes["data-team"]: [figure for figure in one.all() if "data-cents" in figure.attributes]
                 for one in rows}  # fmt: skip
        assert {team: int(figure.attributes["data-cents"]) for team, (figure,) in shown.items() if figure} == {
            team: both[change, team] for team in shown
        }


def test_what_is_shown_is_what_is_said() -> None:
    figures = [one for one in page().root.all() if "data-cents" in one.attributes]
    assert len(figures) > 80
    for one in figures:
        cents = int(one.attributes["data-cents"])
        shown = one.text.removesuffix(" EUR").replace(",", "")
        if "." in shown:
            assert abs(cents) == abs(round(float(shown) * 100))
        else:
            assert abs(cents / 100 - float(shown)) <= 0.5


def test_the_headline_names_the_strongest_habit_and_how_good_the_plan_provably_is() -> None:
    result, _ = plan()
    lede = next(one for one in page().root.all() if one.attributes.get("class") == "lede")
    text = " ".join(lede.text.split())
    assert text == (
        f"Clients lose 182.58 EUR through this plan, 2.60 EUR more than if windows were given out first come first "
        f"served. No plan can be more than {result.gap:.1%} cheaper."
    )


def test_a_habit_that_breaks_rules_is_never_called_cheaper() -> None:
    result, _ = plan()
    cheap = BaselineFigures(objective_cents=1, cost_cents=1, drop_cents=0, violations=2)
    found = Page(render(replace(result, baselines={**result.baselines, "first_come": cheap})))
    (row,) = found.find(data_habit="first_come")
    assert "cannot be compared: that breaks rules 2 times" in row.text
    assert row.attributes["class"] == "broken"
    assert not found.cents("saved_cents")


def test_reasons_are_those_of_the_explanation() -> None:
    _, explanations = plan()
    for one in explanations:
        (details,) = [found for found in page().find(data_change=one.change) if found.tag == "details"]
        figures: dict[str, list[int]] = {}
        for figure in details.all():
            if "data-cents" in figure.attributes:
                figures.setdefault(figure.attributes["data-figure"], []).append(int(figure.attributes["data-cents"]))
        assert figures.get("binding.saving_cents", []) == [rule.saving_cents for rule in one.binding]
        assert figures.get("together.saving_cents", []) == [joint.saving_cents for joint in one.together]
        assert figures.get("other.extra_cents", []) == [other.extra_cents for other in one.others]
        for remark in one.remarks:
            assert remark in details.text
        for rule in one.binding:
            assert rule.rule in details.text
            assert all(text in details.text for text in rule.texts[:2])


# --- times -------------------------------------------------------------------------------------------------------

CLOCK = re.compile(r"\d{1,2}:\d{2}")
WITH_ZONE = re.compile(
    r"\d{1,2}:\d{2}(?: [A-Z]{2,5}| UTC[+-]\d+)?"
    r"(?: to (?:\w{3} \d{1,2} \w{3} \d{4} )?\d{1,2}:\d{2})? (?:[A-Z]{2,5}|UTC[+-]\d+)"
)


def test_every_time_carries_its_zone() -> None:
    main = next(one for one in page().root.all() if one.tag == "body")
    drawings = [one for one in main.all() if one.tag == "svg"]
    text = main.text
    for drawing in drawings:
        text = text.replace(drawing.text, " ", 1)
        if CLOCK.search(drawing.text.replace("Sunday 02:00", "")):
            assert "(Europe/London)" in drawing.text
    text = text.replace("Sunday 02:00", "")
    assert len(CLOCK.findall(text)) > 50
    assert not CLOCK.findall(WITH_ZONE.sub("", text))


def test_windows_are_also_given_in_the_time_of_the_teams_they_hit() -> None:
    (row,) = [one for one in page().find(data_change="A") if one.tag == "tr"]
    assert "Tue 2 Mar 2027 01:00 to 04:30 GMT" in row.text
    assert "New York: Mon 1 Mar 2027 20:00 to 23:30 EST" in row.text


# --- what could do harm ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_fetched_and_nothing_runs(kind: str) -> None:
    elements = list(page(kind).root.all())
    assert not {one.tag for one in elements} & {
        "script",
        "iframe",
        "object",
        "embed",
        "link",
        "base",
        "img",
        "form",
        "use",
        "image",
    }
    for one in elements:
        assert not [
            name for name in one.attributes if name.startswith("on") or name in ("src", "style", "srcset", "action")
        ]
        for name, value in one.attributes.items():
            if "href" in name:
                assert re.fullmatch(r"#[a-z0-9-]+", value)
            if name in ("fill", "stroke", "clip-path") and "url" in value:
                assert re.fullmatch(r"url\(#[a-z0-9-]+\)", value)
    (style,) = [one for one in elements if one.tag == "style"]
    assert "url(" not in style.text
    assert "@import" not in style.text
    (policy,) = [one for one in elements if one.attributes.get("http-equiv") == "Content-Security-Policy"]
    assert policy.attributes["content"] == "default-src 'none'; style-src 'unsafe-inline'"


@pytest.mark.parametrize("kind", KINDS)
def test_links_inside_the_page_lead_somewhere_and_ids_are_given_once(kind: str) -> None:
    elements = list(page(kind).root.all())
    ids = Counter(one.attributes["id"] for one in elements if "id" in one.attributes)
    assert set(ids.values()) <= {1}
    linked = {one.attributes["href"][1:] for one in elements if "href" in one.attributes}
    linked |= {one.attributes["clip-path"][5:-1] for one in elements if "clip-path" in one.attributes}
    assert linked <= set(ids)


@pytest.mark.parametrize("kind", ["hostile", "impossible"])
def test_hostile_text_is_shown_as_text(kind: str) -> None:
    text = page(kind).root.text
    assert SHOWN in text
    raw = html(kind).decode()
    assert not set(raw) & set("\x07\u202e")
    assert "<script" not in raw
    assert "<img" not in raw


def test_hostile_text_in_every_field_that_is_shown() -> None:
    text = page("hostile").root.text
    fields = ("name Blue", "title A", "premium", "name app", "what_you_will_notice", "why", "workaround",
              "requested_by", "description", "A", "B", "E")  # fmt: skip
    for name in fields:
        assert f"{name}{SHOWN}" in text, name
    # Warnings, reasons, engineers and their skills, versions, the hash, the currency and the name of the plan.
    title = next(one for one in page("hostile").root.all() if one.tag == "title")
    assert title.text == f"{SHOWN}: maintenance plan"
    assert f"{SHOWN} ({SHOWN})" in text
    assert f"{SHOWN} {SHOWN}" in text
    assert f"1.00 {SHOWN}" in text or f".00 {SHOWN}" in text


# --- states ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("nothing", "The plan places no change."),
        ("nothing", "Every change has a window."),
        ("nothing", "The plan was not compared with habits."),
        ("impossible", "There is no plan: no schedule obeys every rule."),
        ("stopped", "There is no plan yet: planning stopped before a schedule was found."),
        ("plan", "it is cheaper to leave it out"),
        ("plan", "services.csv: nobody is said to use spare"),
        ("plan", "mail, used by Red"),
        ("plan", "No team will notice."),
    ],
)
def test_what_there_is_to_say(kind: str, text: str) -> None:
    assert text in " ".join(page(kind).root.text.split())


def test_no_figures_without_a_plan() -> None:
    assert not page("impossible").find(data_figure="cost_cents")
    assert "due" in page("impossible").root.text


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_result_gives_the_same_bytes(kind: str) -> None:
    again = {"plan": lambda: render(*plan()), "hostile": lambda: render(*hostile_plan()),
             "nothing": lambda: render(nothing_planned()), "impossible": lambda: render(impossible(HOSTILE)),
             "stopped": lambda: render(replace(impossible(), status="STOPPED", clash=()))}  # fmt: skip
    assert again[kind]() == html(kind)


def test_only_the_seconds_may_differ_between_two_runs() -> None:
    result, explanations = plan()
    assert render(replace(result, seconds=99.0), explanations) == html()


def test_a_report_explains_every_change_unless_there_are_very_many(monkeypatch: pytest.MonkeyPatch) -> None:
    result, _ = plan()
    assert report(result) == html()
    monkeypatch.setattr("scheduler.ui.report.MOST_REASONS", 2)
    found = Page(report(result))
    # E costs its drop price, A the most after it.
    assert [one.attributes["data-change"] for one in found.root.all() if one.tag == "details"] == ["A", "E"]
    assert "Here are 2 of 6 changes" in found.root.text
    assert report(impossible()) == render(impossible())


def without_reasons() -> tuple[Result, list[Explanation]]:
    return plan()[0], []


def test_changes_without_reasons_are_no_links() -> None:
    found = Page(render(*without_reasons()))
    assert not [one for one in found.root.all() if one.attributes.get("href", "").startswith("#change-")]
    assert "There is nothing to explain." in found.root.text
