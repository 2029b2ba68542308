"""What is remembered of feeds holds exactly as long as nothing is decided, whoever decides, and nothing ends."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import strict_ical
from builders import MONDAY
from desks import NOW, Desk, usual
from publish.test_web import Clock, Site, serving
from stores import ENGINES, Stores

from scheduler.desk import workflow
from scheduler.desk.copying import backup, restore
from scheduler.desk.store import Store, StoreError
from scheduler.desk.tables import RUNS
from scheduler.desk.watching import Mark, Watch
from scheduler.publish import web
from scheduler.publish.desk_feeds import DeskFeeds

RUN = {
    "id": 1, "version": 1, "seq": 1, "asked_by": "ana", "asked_at": NOW, "status": "running", "parameters": {},
    "host": "", "phase": "", "seconds": 0.0, "message": "", "stop_asked": False,
}  # fmt: skip


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest, stores: Stores) -> str:
    """Give the place of a store in which change A, of Blue, is scheduled."""
    made = stores.new(request.param)
    with Store(made) as store:
        desk = Desk(store)
        desk.bring(usual())
        desk.scheduled("A", "Tue 02:00")
    return made


@pytest.fixture
def desk(place: str) -> Iterator[Desk]:
    """Give that store as another process would have it open."""
    with Store(place) as store:
        yield Desk(store)


@pytest.fixture
def feeds(place: str) -> Iterator[DeskFeeds]:
    """Give its feeds."""
    with Store(place, patience=1.0) as store:
        made = DeskFeeds(store)
        yield made
        made.close()


def opened(desk: Desk, scope: str = "blue") -> workflow.NewToken:
    return workflow.create_token(desk.store, "team", scope, by="ana", now=desk.now)


def test_a_mark_changes_with_every_decision_and_with_nothing_else(desk: Desk, place: str, tmp_path: Path) -> None:
    with Store(place) as store:
        watch, seen = Watch(store), set[Mark]()

        def is_new() -> bool:
            mark = watch.look()
            assert watch.look() == mark
            assert watch.glance() in (mark, None)
            new = mark not in seen
            seen.add(mark)
            return new

        assert is_new()
        assert not is_new()
        # The course of a run is written all the time, and no decision.
        with desk.store.writing() as connection:
            connection.execute(RUNS.insert().values(RUN))
        assert not is_new()
        backup(desk.store, tmp_path / "kept.db")
        assert not is_new()
        desk.do(workflow.unpin, "A")
        assert is_new()
        # The log is as long as before, by the same clock, and yet another one.
        restore(desk.store, tmp_path / "kept.db")
        assert is_new()
        desk.do(workflow.hold, "A", reason="a doubt")
        assert is_new()
        watch.close()


def test_what_is_known_at_a_mark_is_told_without_asking(desk: Desk, feeds: DeskFeeds) -> None:
    made = opened(desk)
    assert made.secret
    mark = feeds.look()
    assert feeds.recall(made.secret, NOW, mark) is None
    found = feeds.find(made.secret, NOW, mark)
    assert found is not None
    assert feeds.recall(made.secret, NOW, mark) is found
    assert feeds.recall("never", NOW, mark) is None
    # Another secret concerns no calendar: the bytes stay, but what secrets open is asked again.
    other = opened(desk)
    assert other.secret
    again = feeds.look()
    assert again != mark
    assert feeds.recall(made.secret, NOW, again) is None
    assert feeds.find(other.secret, NOW, again) is found
    assert feeds.find(made.secret, NOW, again) is found
    desk.scheduled("A", "Wed 02:00")
    moved = feeds.look()
    assert feeds.recall(made.secret, NOW, moved) is None
    new = feeds.find(made.secret, NOW, moved)
    assert new is not None
    assert new.plain != found.plain
    # Whoever looked before may be told what was true then.
    workflow.revoke_token(desk.store, made.id, by="ana", now=desk.now)
    last = feeds.look()
    assert feeds.recall(made.secret, NOW, last) is None
    assert feeds.find(made.secret, NOW, last) is None


def test_a_person_who_goes_takes_their_secrets_along(desk: Desk, feeds: DeskFeeds) -> None:
    workflow.put_user(desk.store, "ana", by="ana", role="administrator", now=desk.now)
    workflow.put_user(desk.store, "bo", by="ana", role="viewer", now=desk.now)
    made = workflow.create_token(desk.store, "team", "blue", by="ana", user="bo", now=desk.now)
    assert made.secret
    assert feeds.find(made.secret, NOW) is not None
    assert feeds.recall(made.secret, NOW, feeds.look()) is not None
    workflow.put_user(desk.store, "bo", by="ana", role="viewer", active=False, now=desk.now)
    assert feeds.recall(made.secret, NOW, feeds.look()) is None
    assert feeds.find(made.secret, NOW) is None


def test_time_alone_ends_what_is_remembered(desk: Desk, feeds: DeskFeeds) -> None:
    old = opened(desk)
    new = workflow.rotate_token(desk.store, old.id, by="ana", grace=timedelta(hours=1), now=desk.now)
    assert old.secret
    assert new.secret
    desk.do(workflow.cancel, "A", reason="not needed")
    mark = feeds.look()
    for secret in (old.secret, new.secret):
        assert feeds.find(secret, NOW, mark) is not None
    grace, end = NOW + timedelta(hours=1), MONDAY + timedelta(days=1, hours=4)
    assert feeds.recall(old.secret, grace - timedelta(seconds=1), mark) is not None
    assert feeds.recall(old.secret, grace, mark) is None
    assert feeds.find(old.secret, grace, mark) is None
    # A cancelled window leaves at its end, 04:00.
    before = feeds.recall(new.secret, end - timedelta(seconds=1), mark)
    assert before is not None
    assert len(strict_ical.read(before.plain).parts) == 1
    assert feeds.recall(new.secret, end, mark) is None
    after = feeds.find(new.secret, end, mark)
    assert after is not None
    assert strict_ical.read(after.plain).parts == []


def test_another_file_in_place_of_a_store_is_seen(stores: Stores) -> None:
    place, other = (Path(stores.new("sqlite")) for _ in range(2))
    with Store(place) as store:
        desk = Desk(store)
        desk.bring(usual())
        desk.scheduled("A", "Tue 02:00")
        feeds = DeskFeeds(store)
        made = opened(desk)
        assert made.secret
        assert feeds.find(made.secret, NOW) is not None
        mark = feeds.look()
        other.rename(place)
        assert feeds.glance() is None
        assert feeds.look() != mark
        assert feeds.find(made.secret, NOW) is None
        place.unlink()
        assert feeds.glance() is None
        with pytest.raises(StoreError, match="cannot be read"):
            feeds.look()
        feeds.close()


class Slow(DeskFeeds):
    """Feeds of a store that can be made to hang, and that counts how often it is looked at."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.looks, self.answers = 0, threading.Event()
        self.answers.set()

    def glance(self) -> Mark | None:
        return None

    def look(self) -> Mark:
        self.looks += 1
        assert self.answers.wait(60)
        return super().look()


def test_one_look_serves_all_who_wait_for_it(stores: Stores) -> None:
    with Store(stores.new("sqlite")) as store, ThreadPoolExecutor(20) as threads:
        desk, clock, feeds = Desk(store), Clock(), Slow(store)
        desk.bring(usual())
        with serving(web.application(feeds, clock=clock)) as port:
            site = Site(desk, port, clock)
            path, _ = site.token()
            assert site.ask(path).status == 200
            feeds.looks = 0
            feeds.answers.clear()
            asked = [threads.submit(site.ask, path) for _ in range(20)]
            time.sleep(1.0)
            feeds.answers.set()
            assert {one.result().status for one in asked} == {200}
        # The first began one, the others came too late for it and wait for the second.
        assert feeds.looks == 2


def test_a_store_that_hangs_is_given_up_and_found_again(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "PATIENCE_SECONDS", 0.5)
    with Store(stores.new("sqlite")) as store:
        desk, clock, feeds = Desk(store), Clock(), Slow(store)
        desk.bring(usual())
        with serving(web.application(feeds, clock=clock)) as port:
            site = Site(desk, port, clock)
            path, _ = site.token()
            before = site.ask(path)
            assert before.status == 200
            feeds.answers.clear()
            for one in (path, "/readyz"):
                begun = time.monotonic()
                answer = site.ask(one)
                assert (answer.status, b"VCALENDAR" in answer.body) == (503, False)
                assert time.monotonic() - begun < 5
            assert site.ask("/healthz").status == 200
            feeds.answers.set()
            time.sleep(0.6)
            assert site.ask(path).body == before.body
            assert site.ask("/readyz").status == 200
