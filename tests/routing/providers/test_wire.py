"""Counts as upstreams report them."""

import pytest

from routing.providers._wire import MAX_COUNT, count


@pytest.mark.parametrize("value", [0, 1, MAX_COUNT])
def test_a_count_is_taken_as_reported(value: int) -> None:
    assert count(value) == value


@pytest.mark.parametrize("value", [-1, MAX_COUNT + 1, 10**30, True, 1.0, "1", None])
def test_what_cannot_be_a_count_is_not_reported(value: object) -> None:
    assert count(value) is None
