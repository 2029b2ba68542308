"""Steps of a curve say of every start what it costs, however many there are."""

import numpy as np
import pandas as pd
import pytest

from scheduler.ui.curve_steps import MOST_STEPS, line_and_told

HALF_HOUR = pd.Timedelta(minutes=30)


def points(extra: list[int], rules: list[str]) -> pd.DataFrame:
    starts = pd.date_range("2027-03-01", periods=len(extra), freq=HALF_HOUR)
    return pd.DataFrame(
        {
            "start": starts,
            "extra": np.array(extra, dtype=float),
            "rules": rules,
            "when": starts.strftime("%d %H:%M"),
            "cost": [f"{one} EUR" for one in extra],
        }
    )


def test_neighbours_that_cost_the_same_are_one_step_and_the_last_start_is_its_own() -> None:
    line, told = line_and_told(points([5, 5, 2, 2, 2], ["", "", "", "freeze", "freeze"]), HALF_HOUR)
    assert line is told
    assert told[["when", "cost", "rules"]].to_numpy().tolist() == [
        ["any from 01 00:00 to 01 00:30", "5 EUR", ""],
        ["01 01:00", "2 EUR", ""],
        ["01 01:30", "2 EUR", "freeze"],
        ["01 02:00", "2 EUR", "freeze"],
    ]
    assert told["end"].tolist() == [*told["start"].tolist()[1:], pd.Timestamp("2027-03-01 02:30")]


def test_of_more_steps_than_a_screen_has_columns_the_line_keeps_the_cheapest_and_the_dearest() -> None:
    many = 3 * MOST_STEPS
    extra = [[10, 40, 20][number % 3] + number // 300 for number in range(many)]
    every = points(extra, ["freeze" if number % 3 == 1 else "" for number in range(many)])
    line, told = line_and_told(every, HALF_HOUR)
    assert len(told) == MOST_STEPS
    assert told["start"].tolist()[1:] == told["end"].tolist()[:-1]
    assert told.loc[0, ["when", "cost", "rules", "extra"]].tolist() == [
        "any from 01 00:00 to 01 01:00", "10 EUR to 40 EUR", "some by freeze", 10,
    ]  # fmt: skip
    # Two to a column, and both ends.
    assert len(line) == 2 * MOST_STEPS + 1
    assert (line["start"].iloc[0], line["start"].iloc[-1]) == (every["start"].iloc[0], every["start"].iloc[-1])
    column = np.arange(many) // 3
    for pick in ("min", "max"):
        assert every.groupby(column)["extra"].agg(pick).isin(line["extra"]).all()
    assert line.merge(every, on=["start", "extra"]).shape[0] == len(line)


@pytest.mark.parametrize("count", [MOST_STEPS, MOST_STEPS + 1])
def test_as_many_steps_as_there_is_room_for_are_told_one_by_one(count: int) -> None:
    line, told = line_and_told(points(list(range(count)), [""] * count), HALF_HOUR)
    assert len(told) == MOST_STEPS
    assert (line is told) == (count == MOST_STEPS)
    assert told["end"].iloc[-1] == pd.Timestamp("2027-03-01") + count * HALF_HOUR
