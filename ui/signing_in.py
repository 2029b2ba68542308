"""Signing in by OpenID Connect: the settings for it, and who has signed in to the session that runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from scheduler.desk.identities import Identity
from scheduler.settings import SignIn

AHEAD = timedelta(minutes=5)
"""How far a provider's clock may be ahead of ours."""
SHORTEST_SECRET = 32


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who has signed in, and until when that is good."""

    identity: Identity
    name: str
    until: datetime


class SignInError(Exception):
    """Signing in is not set up in full; `problems` say what is missing."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def is_wanted(settings: SignIn) -> bool:
    """Tell whether people are to sign in."""
    return bool(settings.client_id)


def secrets(settings: SignIn) -> Mapping[str, Any]:
    """Give what Streamlit needs for signing in.

    Raises
    ------
    SignInError
        If a setting is missing or too weak.
    """
    texts = {
        "client_id": settings.client_id,
        "client_secret": settings.client_secret.get_secret_value(),
        "server_metadata_url": settings.server_metadata_url,
        "redirect_uri": settings.redirect_uri,
        "cookie_secret": settings.cookie_secret.get_secret_value(),
    }
    problems = [f"[sign_in] {name} is missing" for name, value in texts.items() if not value]
    if 0 < len(texts["cookie_secret"]) < SHORTEST_SECRET:
        problems.append(f"[sign_in] cookie_secret has fewer than {SHORTEST_SECRET} characters")
    if texts["redirect_uri"] and urlsplit(texts["redirect_uri"]).path != "/oauth2callback":
        problems.append("[sign_in] redirect_uri does not end in /oauth2callback")
    if problems:
        raise SignInError(problems)
    return {"auth": texts}


def visit(lasts: timedelta) -> Visit | None:
    """Give who has signed in to this session; None where nobody has, or it is no identity.

    The provider's word is good for `lasts` from when it was given (iat, OpenID Connect Core section 2), whatever the
    cookie says.
    """
    claims: Mapping[str, Any] = st.user.to_dict()
    issuer, subject, given = (claims.get(name) for name in ("iss", "sub", "iat"))
    if not claims.get("is_logged_in") or not _is_word(issuer) or not _is_word(subject):
        return None
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        return None
    since = datetime.fromtimestamp(given, UTC)
    if since > datetime.now(UTC) + AHEAD:
        return None
    mail = claims.get("email")
    identity = Identity(
        str(issuer),
        str(subject),
        mail if isinstance(mail, str) else "",
        verified=claims.get("email_verified", True) in (True, "true"),
    )
    name = claims.get("name")
    return Visit(identity, name if isinstance(name, str) and name.strip() else identity.mail, since + lasts)


def _is_word(value: object) -> bool:
    return isinstance(value, str) and bool(value) and not any(one.isspace() for one in value)
