"""The script: the same seed is the same calls, and the months look like a platform's life."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from costcontrol.demo import script
from costcontrol.demo.scenario import ZONE, Asked, Scenario

NOW = datetime(2026, 11, 25, 13, 30, tzinfo=UTC)  # a Wednesday, 22:30 in Seoul
WHOLE = Scenario(now=NOW)


def calls_of(scenario: Scenario) -> list[Asked]:
    return [call for _, lanes in script.days(scenario) for lane in lanes for call in lane]


@pytest.fixture(scope="module")
def calls() -> list[Asked]:
    return calls_of(WHOLE)


def by_day(calls: list[Asked]) -> Counter[int]:
    """Calls by how many days ago."""
    return Counter((WHOLE.last_day - call.at.astimezone(ZONE).date()).days for call in calls)


def test_the_same_seed_gives_the_same_calls(calls: list[Asked]) -> None:
    assert calls_of(Scenario(now=NOW)) == calls
    assert calls_of(replace(WHOLE, seed="another")) != calls


def test_tens_of_thousands_of_calls_in_three_months_none_in_the_future(
    calls: list[Asked],
) -> None:
    assert len(calls) > 20_000
    assert max(call.at for call in calls) < NOW
    assert min(call.at for call in calls) >= WHOLE.first_instant
    assert WHOLE.first_instant.astimezone(ZONE).hour == 0


def test_each_question_has_one_reference(calls: list[Asked]) -> None:
    asked: dict[str, tuple[object, ...]] = {}
    for call in calls:
        words = (call.kind, call.topic.titles["en"], call.language, call.input_tokens)
        assert asked.setdefault(call.ref, words) == words


def test_it_grows_and_the_weekend_is_quieter(calls: list[Asked]) -> None:
    days = by_day(calls)
    first, last = (sum(days[ago] for ago in span) for span in (range(62, 92), range(1, 31)))
    assert last > 1.5 * first
    weekdays = Counter(call.at.astimezone(ZONE).weekday() for call in calls)
    assert weekdays[5] < min(weekdays[day] for day in range(4))


def test_evenings_in_seoul_are_busy_and_nights_are_quiet(calls: list[Asked]) -> None:
    hours = Counter(call.at.astimezone(ZONE).hour for call in calls)
    assert sum(hours[hour] for hour in (20, 21, 22)) > 8 * sum(hours[hour] for hour in (3, 4, 5))


def test_the_launch_and_the_contest_stand_out(calls: list[Asked]) -> None:
    days = by_day(calls)
    for special in (WHOLE.launch, WHOLE.budget_hit):
        around = [days[special + away] for away in (-3, -2, 2, 3)]
        assert days[special] > 1.4 * sum(around) / len(around)


def test_the_outage_is_some_hours_of_one_day(calls: list[Asked]) -> None:
    down = [call.at.astimezone(ZONE) for call in calls if call.fault == script.DOWN]
    assert {moment.date() for moment in down} == {WHOLE.day(WHOLE.outage)}
    assert {moment.hour for moment in down} <= set(range(*WHOLE.outage_hours))


def test_all_tiers_both_languages_and_every_kind_of_debate_take_part(calls: list[Asked]) -> None:
    pairs = {(call.person.tier, call.language) for call in calls}
    assert pairs == {
        (tier, language) for tier in ("free", "premium", "enterprise") for language in ("ko", "en")
    }
    modes = {call.debate_id.split("-", 2)[2] for call in calls if call.debate_id}
    assert modes == {"1v1-watch", "1v1-participate", "2v2-watch", "2v2-participate"}
    assert any(not call.debate_id for call in calls)
    assert any(call.copies > 1 for call in calls)


def test_calls_of_a_debate_follow_one_another() -> None:
    for _, lanes in script.days(replace(WHOLE, days=5)):
        for lane in lanes:
            gaps = [b.at - a.at for a, b in pairwise(lane)]
            assert all(gap >= timedelta(seconds=2.5) for gap in gaps)
