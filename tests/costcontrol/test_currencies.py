"""Money of customers: minor units, as Stripe counts them."""

from decimal import Decimal

import pytest

from costcontrol.lib import currencies
from costcontrol.lib.currencies import format_minor, from_minor, to_minor, to_minor_up

WHOLE = sorted(currencies.WITHOUT_DECIMALS - currencies.SENT_WITH_TWO)


def test_sixteen_currencies_have_no_decimals() -> None:
    assert len(currencies.WITHOUT_DECIMALS) == 16


@pytest.mark.parametrize("currency", WHOLE)
def test_without_decimals_one_unit_is_one_minor_unit(currency: str) -> None:
    assert to_minor(Decimal(29_000), currency) == 29_000
    assert format_minor(29_000, currency).endswith("29,000")
    with pytest.raises(ValueError, match="not an amount"):
        to_minor(Decimal("0.5"), currency)


@pytest.mark.parametrize("currency", sorted(currencies.SENT_WITH_TWO))
def test_some_are_whole_for_people_and_sent_times_hundred(currency: str) -> None:
    assert to_minor(Decimal(5), currency) == 500
    assert format_minor(500, currency) == f"{currency.upper()} 5"
    with pytest.raises(ValueError, match="not an amount"):
        to_minor(Decimal("5.50"), currency)


@pytest.mark.parametrize("currency", sorted(currencies.WITH_THREE_DECIMALS))
def test_the_third_decimal_is_always_zero(currency: str) -> None:
    assert to_minor(Decimal("5.12"), currency) == 5_120
    assert format_minor(5_120, currency) == f"{currency.upper()} 5.120"
    with pytest.raises(ValueError, match="not an amount"):
        to_minor(Decimal("5.124"), currency)


@pytest.mark.parametrize(("minor", "currency", "text"), [
    (1900, "usd", "$19.00"), (26_000, "krw", "₩26,000"), (-501, "usd", "-$5.01"),
    (0, "krw", "₩0"), (1250, "chf", "CHF 12.50"),
])
def test_amounts_are_written_as_people_write_them(minor: int, currency: str, text: str) -> None:
    assert format_minor(minor, currency) == text


@pytest.mark.parametrize(("amount", "currency", "minor"), [
    ("0.001", "usd", 1), ("0.2", "krw", 1), ("5.1", "ugx", 600), ("1.001", "kwd", 1010),
    ("2", "usd", 200),
])
def test_what_cannot_be_charged_exactly_is_rounded_up(
    amount: str, currency: str, minor: int
) -> None:
    assert to_minor_up(Decimal(amount), currency) == minor


def test_minor_units_come_back_as_they_were() -> None:
    assert from_minor(to_minor(Decimal("19.99"), "usd"), "usd") == Decimal("19.99")
