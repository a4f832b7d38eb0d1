"""Exports are understood whole or not at all."""

from datetime import UTC, date, datetime

import pytest

from billing.usage_imports.names import plain
from billing.usage_imports.reading import MAX_BYTES, NotUnderstood, Reading, read
from tests.billing.usage_imports import files

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
DAY = date(2026, 11, 20)
USUAL = "2026-11-20,gpt-6-luna,1,2,3,0.5"


def of(text: str | bytes) -> Reading:
    return read(text.encode() if isinstance(text, str) else text, now=NOW)


def problems(text: str | bytes) -> list[str]:
    with pytest.raises(NotUnderstood) as caught:
        of(text)
    return list(caught.value.problems)


def test_anthropics_usage_is_added_up_by_day_and_model() -> None:
    found = of(files.ANTHROPIC)
    assert (found.format.provider, found.first, found.last) == (
        "anthropic", DAY, date(2026, 11, 21)
    )
    sums = found.sums[DAY, "claude-haiku-5-5-20260901"]
    assert sums.counts == {
        "requests": None, "fresh_input_tokens": 110, "cache_read_tokens": 30,
        "cache_write_tokens": 7, "output_tokens": 55,
    }
    assert sums.nanos is None


def test_anthropics_cost_may_belong_to_no_model() -> None:
    found = of(files.ANTHROPIC_COST)
    assert {model: sums.nanos for (_, model), sums in found.sums.items()} == {
        "Claude Haiku 5.5": 250_000_000, "": 10_000_000
    }


def test_openais_input_has_what_the_cache_gave_taken_off() -> None:
    found = of(files.OPENAI)
    assert found.sums[date(2025, 11, 20), "gpt-6-luna-2026-08-07"].counts == {
        "requests": 12, "fresh_input_tokens": 600, "cache_read_tokens": 400,
        "cache_write_tokens": None, "output_tokens": 200,
    }
    assert found.last == date(2025, 11, 21)  # nothing was used, and the file says so


def test_openais_dollars_are_rounded_once() -> None:
    sums = of(files.OPENAI_COST).sums
    assert sum(each.nanos or 0 for each in sums.values()) == 895_884_000
    assert {plain(model) for _, model in sums} == {"gpt-6-luna"}


def test_a_file_of_ones_own_needs_day_and_model_and_a_count() -> None:
    found = of(files.ours(USUAL)).sums[DAY, "gpt-6-luna"]
    assert (found.counts["requests"], found.nanos) == (1, 500_000_000)
    assert of("day;model;cost_usd\n2026-11-20;x;$1\n").sums[DAY, "x"].nanos == 10**9
    assert "columns of this file are not known" in problems("day,model\n2026-11-20,x\n")[0]


def test_times_with_a_zone_count_for_their_day_in_utc() -> None:
    found = of(files.ours("2026-11-21T01:00:00+09:00,x,1,,,", "1763596800,x,2,,,"))
    assert sorted(day for day, _ in found.sums) == [date(2025, 11, 20), DAY]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("soon,x,1,2,3,1", "“soon” is no day"), ("2026-11-26,x,1,2,3,1", "in the future"),
        ("2026-11-20,x,1.5,2,3,1", "requests is “1.5”, which is no whole number"),
        ("2026-11-20,x,-1,2,3,1", "no whole number"), ("2026-11-20,,1,2,3,1", "names no model"),
        ("2026-11-20,x,1,2,3,NaN", "no amount in dollars"),
        ("2026-11-20,x,1,2,3,1e999999999", "no amount in dollars"),
        ("2026-11-20,x,1,2,3,99999999999", "no amount in dollars"),
        ("2026-11-20,x,1,2,3,1,1", "more values than there are columns"),
        ("2026-11-20,a\x00b,1,2,3,1", "no model's name"),
    ],
)
def test_every_bad_line_is_named_and_nothing_read(line: str, why: str) -> None:
    found = problems(files.ours(USUAL, line, USUAL, line))
    assert [each.split(":")[0] for each in found] == ["Line 3", "Line 5"]
    assert all(why in each for each in found)


def test_many_bad_lines_are_counted() -> None:
    with pytest.raises(NotUnderstood) as caught:
        of(files.ours(*["soon,x,1,2,3,1"] * 25))
    assert (len(caught.value.problems), caught.value.more) == (20, 5)


def test_other_money_is_not_compared() -> None:
    assert "the amount is in eur" in problems(files.OPENAI_COST.replace(",usd,", ",eur,"))[0]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xff\xfe\x00", "no text file in UTF-8"), (b"", "The file is empty"),
        (b"day,model,requests\n" + b"x" * MAX_BYTES, "larger than 5 MB"),
        (b"day,model,requests\n" + b"\n" * 20_001, "more than 20,000 lines"),
        (b"day,model,requests\n" + b"x" * 140_000, "no CSV file"),
        (b"day,model,requests\n2026-11-20,x,0\n", "no usage in this file"),
        (b"day,model,requests\n2024-11-20,x,1\n2026-11-20,x,1\n", "more than 400 days"),
    ],
)
def test_what_is_no_such_file_is_said(data: bytes, why: str) -> None:
    assert why in problems(data)[0]


@pytest.mark.parametrize(
    "name",
    ["claude-haiku-4-5", "claude-haiku-4-5-20251001", "Claude Haiku 4.5",
     "claude-haiku-4-5-2025-10-01, input", " claude-haiku-4.5 "],
)
def test_one_model_has_many_names(name: str) -> None:
    assert plain(name) == "claude-haiku-4-5"
