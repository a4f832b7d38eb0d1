"""What goes wrong with a request, and when."""

import pytest

from costcontrol.demo.faults import fate


def statuses(fault: str, *, vendor: str, attempts: int = 4) -> list[int]:
    return [fate(fault, attempt=each, vendor=vendor).status for each in range(attempts)]


@pytest.mark.parametrize(
    ("fault", "vendor", "expected"),
    [
        ("", "anthropic", [200, 200, 200, 200]),
        ("529", "anthropic", [529, 200, 200, 200]),
        ("529", "openai", [503, 200, 200, 200]),
        ("529 529", "anthropic", [529, 529, 200, 200]),
        ("429", "openai", [429, 200, 200, 200]),
        ("lost", "local", [500, 500, 500, 500]),
        ("down:anthropic", "anthropic", [529, 529, 529, 529]),
        ("down:anthropic", "openai", [200, 200, 200, 200]),
        ("slow", "openai", [200, 200, 200, 200]),
    ],
)
def test_attempts_of_a_call(fault: str, vendor: str, expected: list[int]) -> None:
    assert statuses(fault, vendor=vendor) == expected


def test_only_the_first_answer_is_cut_or_left() -> None:
    assert fate("cut", attempt=0, vendor="openai").is_cut
    assert not fate("cut", attempt=1, vendor="openai").is_cut
    assert fate("leaves", attempt=0, vendor="openai").waits
    assert not fate("leaves", attempt=1, vendor="openai").waits
