"""Who debates what: shares as asked for, whole topics in each part, one seed, one month."""

from collections import Counter
from dataclasses import replace

import pytest

from routing.replay.options import BEGINS, Options, problem_with
from routing.replay.script import Offer, Staged, debates, part_of, topics_of

PEOPLE = tuple(f"p{number}" for number in range(8))
OFFER = Offer([(PEOPLE[:2], PEOPLE[2:4]), (PEOPLE[4:6], PEOPLE[6:])], PEOPLE)
MONTH = Options(debates=2_000)


def month(options: Options = MONTH) -> list[Staged]:
    return list(debates(options, OFFER))


def share(of: list[Staged], count: int) -> float:
    return count / len(of)


def test_shares_are_as_they_were_asked_for() -> None:
    staged = month()

    assert share(staged, sum(bool(each.seat) for each in staged)) == pytest.approx(0.5, abs=0.04)
    assert share(staged, sum(each.is_typed for each in staged)) == pytest.approx(0.3, abs=0.04)
    new = sum(each.topic is None for each in staged)  # typed, and not recognised
    assert share(staged, new) == pytest.approx(0.3 * 0.75, abs=0.04)
    assert not any(each.has_context for each in staged)


def test_the_most_asked_topic_is_asked_twice_as_often_as_the_second() -> None:
    asked = Counter(each.topic for each in month(replace(MONTH, typed=0.0)))

    assert asked[0] / asked[1] == pytest.approx(2, rel=0.3)


def test_what_is_asked_is_the_same_for_the_same_seed_and_spread_over_the_days() -> None:
    assert month() == month()
    assert month() != month(replace(MONTH, seed=2))
    assert month()[0].at == BEGINS
    assert (month()[-1].at - BEGINS).days == MONTH.days - 1


def test_the_first_debates_of_a_month_do_not_depend_on_how_its_shares_are_played() -> None:
    alone = [each.cast for each in month()]
    held_out = [each.cast for each in month(replace(MONTH, holdout=0.5))]

    assert alone == held_out


def test_debates_with_one_topic_and_cast_take_turns_among_the_variants() -> None:
    seen: dict[object, list[int]] = {}
    for each in month():
        if each.topic is not None:
            seen.setdefault((each.topic, each.cast), []).append(each.variant)

    assert max(len(variants) for variants in seen.values()) > 3
    assert all(variants == [n % 3 for n in range(len(variants))] for variants in seen.values())


def test_parts_hold_whole_topics_and_every_debate_once() -> None:
    staged = month()
    parts = [part_of(staged, part=part, parts=2) for part in (0, 1)]

    assert sorted(each.number for part in parts for each in part) == list(range(1, 2_001))
    topics = [{each.topic for each in part} - {None} for part in parts]
    assert not topics[0] & topics[1]
    assert abs(len(parts[0]) - len(parts[1])) < 100


def test_each_topic_is_of_one_part_even_if_nobody_debates_it() -> None:
    staged = month()
    first, second = (topics_of(staged, MONTH, part=part, parts=2) for part in (0, 1))

    assert first | second == set(range(MONTH.topics))
    assert not first & second


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"typed": 1.5}, "--typed is a share"),
        ({"debates": 0}, "--debates must be more than 0"),
        ({"format": "3v3"}, "--format must be one of: 1v1, 2v2"),
        ({"routes": "cheap"}, "--routes must be one of"),
        ({"precompute": -1}, "cannot be less than 0"),
        ({"search_usd": "a lot"}, "--search-usd must be a price"),
        ({"premium_kinds": ("speech",)}, "--premium-kinds must be kinds of call"),
    ],
)
def test_what_cannot_be_is_said_with_its_mend(change: dict[str, object], word: str) -> None:
    assert word in problem_with(replace(MONTH, **change))
    assert problem_with(MONTH) == ""
