"""Calendars to take away."""

import io
import re
import zipfile
from collections.abc import Callable, Mapping

import streamlit as st

from ..markdown import escape_markdown

_LONGEST = 80


def calendar_button(label: str, name: str, make: Callable[[], bytes]) -> None:
    """Offer a calendar that is made when it is asked for; `name` becomes the name of the file."""
    st.download_button(
        escape_markdown(label),
        make,
        file_name=f"{file_name(name)}.ics",
        mime="text/calendar",
        key=f"calendar {name} {label}",
        on_click="ignore",
        icon=":material/calendar_month:",
    )


def file_name(name: str) -> str:
    """Give a name that every file system takes.

    >>> file_name("CHG 1/../é")
    'CHG-1-.-é'
    """
    return re.sub(r"\.{2,}", ".", re.sub(r"[^\w.]+", "-", name)).strip("-.")[:_LONGEST] or "calendar"


def page_button(label: str, name: str, make: Callable[[], bytes]) -> None:
    """Offer a page to print, made when it is asked for."""
    st.download_button(
        escape_markdown(label),
        make,
        file_name=f"{file_name(name)}.html",
        mime="text/html",
        key=f"page {name}",
        on_click="ignore",
        icon=":material/print:",
    )


def archive(files: Mapping[str, bytes]) -> bytes:
    """Put files into a zip archive; the same files give the same bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as folder:
        for name, content in sorted(files.items()):
            folder.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return made.getvalue()
