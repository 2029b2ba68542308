"""The desk's store, where this process has one open: its calendars, and the secret addresses that open them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from scheduler.desk import workflow
from scheduler.desk.access import RefusedError
from scheduler.desk.store import Store, StoreError
from scheduler.desk.tokens import Token, TokenDetail, tokens
from scheduler.publish.contents import Kind
from scheduler.publish.desk_feeds import DeskFeeds
from scheduler.publish.subscribing import Subscription, subscription
from scheduler.publish.validators import Body
from scheduler.publish.web import Mark


@dataclass(frozen=True, slots=True)
class OpenDesk:
    """A store that is open, its calendars, and the address at which people reach this server."""

    store: Store
    feeds: DeskFeeds
    public_url: str


_desk: OpenDesk | None = None


def open_desk(place: str, public_url: str) -> OpenDesk:
    """Open the store at a place for all visitors.

    Raises
    ------
    StoreError
        If it cannot be used.
    """
    global _desk
    store = Store(place)
    _desk = OpenDesk(store, DeskFeeds(store, public_url), public_url)
    return _desk


def close_desk() -> None:
    """Close the store, if one is open."""
    global _desk
    found, _desk = _desk, None
    if found is not None:
        found.feeds.close()
        found.store.close()


def desk() -> OpenDesk | None:
    """Give the store that is open."""
    return _desk


def subscribe(
    at: OpenDesk, kind: Kind, scope: str, detail: TokenDetail, *, proposals: bool, subscriber: str, by: str
) -> Subscription | str:
    """Make a secret address, or say why there is none."""
    try:
        made = workflow.create_token(
            at.store, kind, scope, by=by, user=subscriber.strip() or by, detail=detail, proposals=proposals
        )
    except (RefusedError, StoreError) as error:
        return str(error)
    return subscription(at.public_url, made.secret or "")


def replace(at: OpenDesk, token: str, *, by: str) -> Subscription | str:
    """Replace a secret address, or say why not."""
    try:
        made = workflow.rotate_token(at.store, token, by=by)
    except (RefusedError, StoreError) as error:
        return str(error)
    return subscription(at.public_url, made.secret or "")


def revoke(at: OpenDesk, token: str, *, by: str) -> str:
    """Make a secret address worthless; give what stands against it, or nothing."""
    try:
        workflow.revoke_token(at.store, token, by=by)
    except (RefusedError, StoreError) as error:
        return str(error)
    return ""


def good_tokens(at: OpenDesk) -> list[Token]:
    """List the secret addresses that open a calendar now.

    Raises
    ------
    StoreError
        If the store does not answer.
    """
    with at.store.reading() as connection:
        found = tokens(connection)
    return [one for one in found if one.kind != "sign-in" and one.good(datetime.now(UTC))]


class NoFeeds:
    """Where no store is open no address opens anything."""

    def glance(self) -> Mark:
        """Give the one mark there is: the plan that is shown needs no store."""
        return ()

    def look(self) -> Mark:
        """Give the one mark there is."""
        return ()

    def recall(self, secret: str, now: datetime, seen: Mark) -> Body | None:
        """Give nothing."""

    def find(self, secret: str, now: datetime, seen: Mark) -> Body | None:
        """Give nothing."""
