"""Windows of one time stand on lines of their own, and names only where there is room."""

from datetime import datetime, timedelta

import pandas as pd

from scheduler.ui.lanes import LANE, lanes, names


def hour(number: float) -> datetime:
    return datetime(2027, 3, 1) + timedelta(hours=number)  # noqa: DTZ001 - local, without a zone


def windows(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"row": row, "change": change, "state": "pinned", "start": hour(start), "reserved_until": hour(end)}
            for row, change, start, end in rows
        ],
        columns=["row", "change", "state", "start", "reserved_until"],
    )


def test_what_overlaps_gets_a_line_of_its_own_and_what_touches_does_not() -> None:
    given = windows(
        ("mail", "late", 4, 6), ("mail", "A", 0, 2), ("mail", "B", 1, 3), ("mail", "C", 2, 4), ("web", "D", 0, 9)
    )
    placed, lines = lanes(given, ["web", "mail", "quiet"])
    second = f"mail{LANE}"
    assert dict(zip(placed["change"], placed["line"], strict=True)) == {
        "late": "mail", "A": "mail", "B": second, "C": "mail", "D": "web",
    }  # fmt: skip
    assert lines.to_dict("list") == {"row": ["web", "mail", "mail", "quiet"], "line": ["web", "mail", second, "quiet"]}
    assert list(placed.index) == list(given.index)


def test_a_name_stands_before_its_window_or_behind_it_or_is_left_out() -> None:
    # A pixel is a minute. "■ A1" needs 36 pixels and "■" alone 15.
    given = windows(("mail", "A1", 2, 3), ("mail", "A2", 3.3, 4), ("mail", "A3", 4, 5), ("mail", "A4", 5.1, 9))
    placed, _ = lanes(given, ["mail"])
    found = names(placed, (hour(0), hour(10)), timedelta(minutes=1))
    assert found[["change", "text", "side", "at"]].to_dict("records") == [
        {"change": "A1", "text": "■ A1", "side": "before", "at": hour(2)},
        # 18 minutes are enough for the symbol; A3 has none before it and 6 behind.
        {"change": "A2", "text": "■", "side": "before", "at": hour(3.3)},
        {"change": "A4", "text": "■ A4", "side": "behind", "at": hour(9)},
    ]


def test_a_name_behind_leaves_no_room_for_one_before_the_next() -> None:
    # 60 minutes lie between the two: the name of the first takes 36 of them, and of the rest 24 the second's symbol 15.
    placed, _ = lanes(windows(("mail", "A1", 0, 1), ("mail", "A2", 2, 3)), ["mail"])
    found = names(placed, (hour(0), hour(3)), timedelta(minutes=1))
    assert list(zip(found["text"], found["side"], strict=True)) == [("■ A1", "behind"), ("■", "before")]


def test_nothing_to_place() -> None:
    placed, lines = lanes(windows(), [])
    assert placed.empty
    assert lines.empty
    assert names(placed, (hour(0), hour(1)), timedelta(minutes=1)).empty
