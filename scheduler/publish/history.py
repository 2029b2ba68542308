"""From what is stored of windows to the entries of one feed: pure, so that what was stored always gives the same bytes.

A window is known under a permanent id by its revisions; portfolios, which have the words, by their editions. Whoever
was once told of a window goes on seeing it: if it is cancelled, or no longer concerns them, as cancelled until its end.
A new edition can change the words of a window, and whom it concerns, without a revision of it. Words alone only say
when they were revised; whom it concerns raises the SEQUENCE as well (RFC 5546 section 2.1.4), in every feed alike,
because all feeds know the window by one UID.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from scheduler.horizon import Window
from scheduler.portfolio import Portfolio
from scheduler.publish.blackouts import Freeze, FreezeHistory, followed, freezes
from scheduler.publish.contents import KINDS, Content, Kind, Status, contents, scopes, title_of
from scheduler.publish.stream import Entry, Feed, domain_of, uid_of
from scheduler.schedule import Placement

KEPT = timedelta(days=60)
"""How long after its end a window stays in the feeds."""

Told = Mapping[tuple[Kind, str], Content]


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What a window was from `at` on; `edition` numbers the portfolio that had its words then."""

    at: datetime
    sequence: int
    status: Status
    placement: Placement
    edition: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowHistory:
    """The revisions of a window, at least one, in their order."""

    id: str
    revisions: tuple[Revision, ...]


class Edition:
    """A portfolio as it was taken in at an instant.

    `read` gives it, and is asked again only for windows that were not asked about before: what was found is kept, so
    that the portfolio need not be.
    """

    def __init__(self, number: int, at: datetime, read: Callable[[], Portfolio]) -> None:
        self.number, self.at, self._read = number, at, read
        self._told: dict[Placement, Told] = {}
        self._facts: tuple[str, Window, Mapping[str, Freeze], Mapping[tuple[Kind, str], str]] | None = None

    @property
    def facts(self) -> tuple[str, Window, Mapping[str, Freeze], Mapping[tuple[Kind, str], str]]:
        """The domain of UIDs, the horizon, the blackouts by id, and the names of all feeds there can be."""
        if self._facts is None:
            portfolio = self._read()
            titles = {(kind, one): title_of(portfolio, kind, one) for kind in KINDS for one in scopes(portfolio, kind)}
            frozen = {one.id: one for one in freezes(portfolio)}
            self._facts = domain_of(portfolio.policy.domain), portfolio.horizon.window, frozen, titles
        return self._facts

    def told(self, placement: Placement) -> Told:
        """Give what is said of a window to everybody it concerns; nothing where there is no such change."""
        if placement not in self._told:
            self._told[placement] = contents(self._read(), placement)
        return self._told[placement]


@dataclass(frozen=True, slots=True)
class _Point:
    """An instant at which a window, or what is said of it, may have changed."""

    at: datetime
    sequence: int
    revision: Revision
    told: Told

    def shows(self, key: tuple[Kind, str], proposals: bool) -> Content | None:
        """Give what somebody sees of the window as it stands now; None where it is nothing."""
        status = self.revision.status
        if status is Status.CANCELLED or (status is Status.TENTATIVE and not proposals):
            return None
        return self.told.get(key)


class Archive:
    """Everything stored that feeds are made of, as it was at one moment.

    `link` gives the address at which a window is shown to whoever follows it from a calendar, or nothing.
    """

    def __init__(
        self,
        editions: Sequence[Edition],
        windows: Sequence[WindowHistory],
        link: Callable[[str, str], str] = lambda window, change: "",
    ) -> None:
        self._editions = sorted(editions, key=lambda one: one.number)
        self._by_number = {one.number: one for one in self._editions}
        self._windows, self._link = windows, link
        # Edition by edition, so that no portfolio is read twice.
        for edition in self._editions:
            for window in windows:
                for revision, following in _with_next(window):
                    if edition in self._heard(revision, following):
                        edition.told(revision.placement)
        self._points = {one.id: tuple(self._points_of(one)) for one in windows}

    def names(self, kind: Kind) -> list[str]:
        """List the scopes of a kind that any edition had."""
        return sorted({scope for one in self._editions for of, scope in one.facts[3] if of == kind})

    def feed(self, kind: Kind, scope: str, now: datetime, *, proposals: bool = False) -> Feed:
        """Give a feed as it is at an instant.

        It says when anything in it last changed: a revision, an entry that left it, or its name.
        """
        first = self._editions[0] if self._editions else None
        domain = first.facts[0] if first else domain_of("")
        name, changed = self._name(kind, scope)
        found: list[tuple[Entry, datetime]] = []
        if kind == "blackouts":
            found += [_freeze_entry(one) for one in followed((one.at, *one.facts[:3]) for one in self._editions)]
        else:
            found += [seen for one in self._windows if (seen := self._entry(one, (kind, scope), proposals))]
        left = [leaves for _, leaves in found if leaves <= now]
        prefix = f"proposed/{kind}" if proposals else kind
        return Feed(
            name=name,
            uid=uid_of(scope, domain, prefix),
            last_modified=max([changed, *left, *(entry.revised_at for entry, _ in found)]),
            entries=tuple(entry for entry, leaves in found if now < leaves),
        )

    def freezes_everywhere(self, now: datetime) -> list[Entry]:
        """List the intervals in which no work at all is done and that are not over, as instants."""
        found = followed((one.at, *one.facts[:3]) for one in self._editions)
        return [
            replace(_freeze_entry(one)[0], start=one.freeze.window.start, end=one.freeze.window.end)
            for one in found
            if one.holds and one.freeze.everywhere and one.freeze.window.end > now
        ]

    def next_leave(self, now: datetime) -> datetime | None:
        """Give the next instant at which an entry may leave a feed though nothing is revised."""
        ends = [point.revision.placement.reserved_until for points in self._points.values() for point in points]
        ends += [one.window.end for edition in self._editions for one in edition.facts[2].values()]
        return min((at for end in ends for at in (end, end + KEPT) if at > now), default=None)

    def _name(self, kind: Kind, scope: str) -> tuple[str, datetime]:
        """Give the name of a feed, and since when it has been that; the last one known of what is there no more."""
        name, since = f"Maintenance: {scope}", self._editions[0].at if self._editions else _EPOCH
        for edition in self._editions:
            title = edition.facts[3].get((kind, scope), name)
            if title != name:
                name, since = title, edition.at
        return name, since

    def _points_of(self, window: WindowHistory) -> Iterator[_Point]:
        raised = 0
        told: Told = {}
        for revision, following in _with_next(window):
            for edition in self._heard(revision, following):
                new = edition.told(revision.placement) or told
                at = max(edition.at, revision.at)
                raised += at > revision.at and new.keys() != told.keys()
                told = new
                yield _Point(at, revision.sequence + raised, revision, told)

    def _heard(self, revision: Revision, following: Revision | None) -> list[Edition]:
        """List the editions that had the words of a window while a revision of it held, the first from its start on."""
        later = [one for one in self._editions if one.number > revision.edition]
        first = ([self._by_number[revision.edition]] + [one for one in later if one.at <= revision.at])[-1]
        if revision.status is Status.CANCELLED:
            return [first]
        until = revision.placement.reserved_until
        until = min(until, following.at) if following else until
        return [first, *(one for one in later if revision.at < one.at < until)]

    def _entry(self, window: WindowHistory, key: tuple[Kind, str], proposals: bool) -> tuple[Entry, datetime] | None:
        """Give what somebody sees of a window, and when that leaves the feed; None where they never saw any of it."""
        points = self._points[window.id]
        shown = [point.shows(key, proposals) for point in points]
        last = max((number for number, content in enumerate(shown) if content), default=None)
        if last is None:
            return None
        said, placement = shown[last], points[last].revision.placement
        assert said is not None
        gone = last < len(points) - 1
        since = len(points) - 1
        # Nothing was revised for whoever saw the same at the point before.
        while since > (last + 1 if gone else 0) and (
            points[since - 1].sequence == points[since].sequence and (gone or shown[since - 1] == said)
        ):
            since -= 1
        entry = Entry(
            id=window.id,
            uid=uid_of(window.id, self._by_number[window.revisions[0].edition].facts[0]),
            revision=points[-1].sequence,
            revised_at=points[since].at,
            status=Status.CANCELLED if gone else points[last].revision.status,
            start=placement.start,
            end=placement.reserved_until,
            content=replace(said, link=self._link(window.id, placement.change)),
            categories=("Maintenance", said.impact.value),
        )
        return entry, placement.reserved_until + (timedelta(0) if gone else KEPT)


def _with_next(window: WindowHistory) -> Iterator[tuple[Revision, Revision | None]]:
    yield from zip(window.revisions, [*window.revisions[1:], None], strict=True)


_EPOCH = datetime.fromisoformat("1970-01-01T00:00Z")


def _freeze_entry(one: FreezeHistory) -> tuple[Entry, datetime]:
    window, days = one.freeze.window, one.freeze.days
    start: datetime | date
    end: datetime | date
    start, end = days or (window.start, window.end)
    entry = Entry(
        id=one.freeze.id,
        uid=uid_of(one.freeze.id, one.domain, "freeze"),
        revision=one.sequence,
        revised_at=one.revised_at,
        status=Status.CONFIRMED if one.holds else Status.CANCELLED,
        start=start,
        end=end,
        content=one.freeze.content,
        categories=("FREEZE",),
    )
    return entry, window.end + (KEPT if one.holds else timedelta(0))
