"""What is read from headers, and what a customer is told."""

from datetime import timedelta
from email.utils import format_datetime

import pytest

from costcontrol.lib import clock
from costcontrol.lib.errors import ProviderRejected
from routing.providers._errors import from_status, retry_after_s


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7), ("0", 0), ("1.5", 1.5), (" 7 ", 7), ("", None), ("-1", None), ("soon", None),
        ("inf", None), ("nan", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
    ],
)
def test_retry_after_is_seconds_or_nothing(value: str, seconds: float | None) -> None:
    assert retry_after_s({"retry-after": value}) == seconds


def test_retry_after_may_be_a_date() -> None:
    in_a_minute = format_datetime(clock.now() + timedelta(seconds=60), usegmt=True)
    seconds = retry_after_s({"retry-after": in_a_minute})
    assert seconds is not None
    assert 55 < seconds <= 60


def test_no_header_no_wait() -> None:
    assert retry_after_s({}) is None


@pytest.mark.parametrize(("length", "is_cut"), [(200, False), (201, True)])
def test_an_upstreams_words_are_quoted_up_to_200_characters(length: int, is_cut: bool) -> None:
    error = from_status("V", 400, headers={}, message="x" * length)
    assert isinstance(error, ProviderRejected)
    quoted = error.message.removeprefix("V refused this call: ")
    assert len(quoted) == 200
    assert quoted.endswith("…") is is_cut


def test_a_rejection_without_words_still_reads_well() -> None:
    error = from_status("V", 400, headers={}, message=" ")
    assert error.message == "V refused this call: it gave no reason"
