"""From how many expected uses on an answer that is made ahead pays."""

import math

import pytest

from routing.precompute import payback


@pytest.mark.parametrize(("variant", "uses"), [(1, 0.69), (2, 1.68), (3, 2.67)])
def test_at_half_the_price_a_variant_pays_from_so_many_uses(variant: int, uses: float) -> None:
    assert payback.break_even(variant) == pytest.approx(uses, abs=0.006)


@pytest.mark.parametrize("variant", [1, 2, 3])
def test_a_little_more_pays_and_a_little_less_does_not(variant: int) -> None:
    uses = payback.break_even(variant)
    assert payback.pays(variant, expected=uses + 0.01)
    assert not payback.pays(variant, expected=uses - 0.01)


@pytest.mark.parametrize(("share", "uses"), [(0.1, 0.105), (0.25, 0.288), (0.9, 2.303)])
def test_other_discounts_have_other_figures(share: float, uses: float) -> None:
    assert payback.break_even(1, share=share) == pytest.approx(uses, abs=0.001)


def test_at_the_full_price_nothing_pays_and_for_nothing_everything_does() -> None:
    assert payback.break_even(1, share=1.0) == math.inf
    assert payback.break_even(1, share=0.0) == 0.0


def test_variants_that_are_there_are_used_first() -> None:
    assert payback.paying(expected=2.0, live=0, most=3) == [1, 2]
    assert payback.paying(expected=2.0, live=1, most=3) == [2]
    assert payback.paying(expected=2.0, live=2, most=3) == []


def test_no_more_variants_than_the_kind_keeps() -> None:
    assert payback.paying(expected=100.0, live=0, most=3) == [1, 2, 3]


def test_nobody_comes_for_what_nobody_asks() -> None:
    assert payback.at_least(1, expected=0.0) == 0.0
    assert payback.at_least(0, expected=0.0) == 1.0


def test_the_figure_says_what_a_dollar_brings_back() -> None:
    assert payback.figure(1, expected=10.0) == pytest.approx(2.0, abs=0.001)
    assert payback.figure(1, expected=math.log(2)) == pytest.approx(1.0)
