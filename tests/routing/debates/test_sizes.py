"""What is held for a debate fits the prompts that are made for it."""

from collections.abc import Iterator
from typing import Any

import pytest

from routing import tokens
from routing.debates.plan import Shape, plan_of
from routing.debates.prompt_sample import Sample, sample_of
from routing.debates.prompts import Prompt, background_prompt, turn_prompt
from routing.debates.sizes import MODELLED, Size, sizes_of

ROOM = 60_000


def prompts_of(sample: Sample) -> Iterator[tuple[str, Prompt]]:
    """Of all calls, in the order of `sizes_of`."""
    for step in sample.steps:
        known: dict[str, Any] = {"brief": sample.brief, "room_tokens": ROOM}
        found = sample.found_before(step)
        for background in step.before:
            said = sample.before(step)
            yield background.kind, background_prompt(
                background, transcript=said, found=found, **known
            )
        if not step.is_users:
            yield step.kind, turn_prompt(
                step, transcript=sample.before(step), found=found, **known
            )
        for background in step.after:
            said = sample.said[: step.index + 1]
            yield background.kind, background_prompt(
                background, transcript=said, found=found, **known
            )


def counted(prompt: Prompt) -> int:
    return sum(tokens.count(message.content) + 4 for message in prompt.messages) + 3


def sizes(sample: Sample, **more: bool) -> list[Size]:
    context = tokens.count(sample.brief.context)
    return sizes_of(sample.steps, language=sample.brief.language, context_tokens=context)


@pytest.mark.parametrize("has_search", [False, True])
@pytest.mark.parametrize("seat", ["", "pro1"])
@pytest.mark.parametrize("format", ["1v1", "2v2"])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_debate_reads_no_more_than_is_held_for_it_and_not_much_less(
    language: str, format: str, seat: str, has_search: bool
) -> None:
    sample = sample_of(language, format, seat=seat, has_search=has_search)
    held, real = sizes(sample), list(prompts_of(sample))
    assert [size.kind for size in held] == [kind for kind, _ in real]
    total = sum(size.input_tokens for size in held)
    read = sum(counted(prompt) for _, prompt in real)
    assert read <= total <= 1.6 * read


@pytest.mark.parametrize("has_search", [False, True])
def test_every_kind_of_call_fits_what_is_held_for_it(has_search: bool) -> None:
    sample = sample_of("ko", "2v2", has_search=has_search)
    pairs = zip(sizes(sample), prompts_of(sample), strict=True)
    small = [size.kind for size, (_, prompt) in pairs if counted(prompt) > 1.1 * size.input_tokens]
    assert small == []


def test_every_call_that_a_plan_can_hold_is_modelled() -> None:
    kinds = {
        kind
        for seat in ("", "pro1", "con2")
        for step in plan_of(Shape("2v2", seat, has_context=True, has_search=True))
        for kind in step.calls
    }
    assert kinds <= set(MODELLED)


def test_what_a_user_types_is_no_call_and_is_read_by_the_others() -> None:
    watched = sizes_of(plan_of(Shape("1v1")), language="ko")
    seated = sizes_of(plan_of(Shape("1v1", "pro1")), language="ko")
    openings = [size for size in seated if size.kind == "opening_statement"]
    assert len(openings) == 1
    last = [next(s for s in reversed(sizes) if s.kind == "closing") for sizes in (watched, seated)]
    assert last[1].input_tokens > 500
    assert len(seated) < len(watched)


def test_background_calls_that_are_left_out_hold_nothing() -> None:
    lean = sizes_of(plan_of(Shape("2v2", is_lean=True)), language="ko")
    assert len(lean) == len([step for step in plan_of(Shape("2v2")) if not step.is_users])


def test_a_search_is_one_of_each_opening_and_makes_its_prompt_longer() -> None:
    without = sizes_of(plan_of(Shape("2v2", "pro2")), language="en")
    with_it = sizes_of(plan_of(Shape("2v2", "pro2", has_search=True)), language="en")
    assert [size.step for size in with_it if size.searches] == [1, 3, 4]
    assert sum(size.searches for size in without) == 0
    longest = [
        max(size.input_tokens for size in sizes if size.kind == "opening_statement")
        for sizes in (without, with_it)
    ]
    assert 300 < longest[1] - longest[0] < 1_000
