"""Amounts as people read them."""

import pytest

from costcontrol.lib.money import format_usd


@pytest.mark.parametrize(
    ("nanos", "places", "words"),
    [(-474_000, 2, "$0.00"), (-474_000, 4, "-$0.0005"), (1_234_560_000_000, 2, "$1,234.56"),
     (0, 4, "$0.0000"), (-1_000_000_000, 2, "-$1.00")],
)
def test_a_zero_has_no_sign(nanos: int, places: int, words: str) -> None:
    assert format_usd(nanos, places=places) == words
