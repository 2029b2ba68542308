"""What-ifs at the desk: what may be asked, answers as documents, and what is refused."""

import json
import threading

import pytest
from builders import blackout, change, engineer, preference, when
from desks import NOW, Desk, office

from scheduler.desk.access import RefusedError
from scheduler.desk.asking import Question, answer_of, answered, possible
from scheduler.desk.store import Store


@pytest.fixture
def engine() -> str:
    return "sqlite"


def asked(store: Store, kind: str, what: str, start: str | None = None) -> dict[str, object]:
    question = Question(kind=kind, what=what, start=None if start is None else when(start))  # type: ignore[arg-type]
    found = answered(store, question, seconds=2.0, now=NOW, stop=threading.Event())
    return answer_of(found)


def test_every_question_has_its_price(store: Store) -> None:
    # All day is closed but for Saturdays; Ana alone can do A and B, one after the other.
    desk = Desk(store)
    world = office(
        change("A", hours=2, skills="dba"),
        change("B", hours=2, services="mail", skills="dba"),
        blackouts=[blackout("Mon 00:00", "Sat 00:00", id="freeze")],
        engineers=[engineer("ana", skills="dba")],
        preferences=[preference("blue", "avoid", hours="Sat 00:00-12:00", cost=100)],
    )
    desk.bring(world)
    for name, start in (("A", "Sat 02:00"), ("B", "Sat 05:00")):
        desk.scheduled(name, start)
    kinds = possible(world)
    assert list(kinds["calendar"]) == ["freeze"]
    assert list(kinds["start"]) == ["A", "B"]
    assert kinds["engineer"] == {"ana": "ana (dba)"}
    assert list(kinds["wish"]) == ["1"]
    for kind, what in (("calendar", "freeze"), ("wish", "1"), ("engineer", "ana"), ("rule", "blackout")):
        answer = asked(store, kind, what)
        assert answer["price_cents"] is not None
        assert answer["price_cents"] <= 0, kind  # type: ignore[operator]
        json.dumps(answer)
    moved = asked(store, "start", "A", "Sat 14:00")
    (row,) = [one for one in moved["sides"]["changes"] if one["change"] == "A"]  # type: ignore[index]
    assert (row["kind"], row["after"]) == ("moved", "2027-03-06T14:00:00Z")


def test_what_cannot_be_says_why(store: Store) -> None:
    desk = Desk(store)
    desk.bring(office(change("A", hours=2)))
    desk.scheduled("A", "Tue 02:00")
    answer = asked(store, "start", "A", "Fri 02:00")
    assert (answer["price_cents"], answer["sides"]) == (None, None)
    assert "blackout" in {one["rule"] for one in answer["clash"]}  # type: ignore[index, attr-defined]
    for kind, what in (("calendar", "none"), ("rule", "none"), ("wish", "7"), ("wish", "x"), ("engineer", "eve")):
        with pytest.raises(RefusedError, match=f"there is no {kind} '{what}' to ask about"):
            asked(store, kind, what)
    with pytest.raises(RefusedError, match="say when"):
        asked(store, "start", "A")
