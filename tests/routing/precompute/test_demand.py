"""How often a stored answer will be wanted: by debates that were, and where few were, by rank."""

from collections import Counter

import pytest

from accounts.models import User
from costcontrol.lib import clock
from routing.models import Debate, Topic
from routing.precompute.demand import Demand, History, Speaker, demand_of, history_of
from routing.precompute.learning import Lesson, Lessons
from tests.routing.precompute.house import debates_make, topic

CAST = {"pro": ["kant", "plato"], "con": ["hume", "mill"]}


def topics(count: int = 4) -> list[Topic]:
    return [
        Topic(key=f"t{rank}", popularity_rank=rank, default_cast=CAST)
        for rank in range(1, count + 1)
    ]


def demand(history: History | None = None, *, a_day: float | None = 10.0,
           lessons: Lessons | None = None) -> Demand:
    return demand_of(
        topics(), history or History(30), a_day=a_day, lessons=lessons or Lessons()
    )


def seen(count: int, *, key: str = "t3", name: str = "kant") -> History:
    """So many debates on one topic, in Korean, of one cast."""
    who = Speaker(key, "ko", "pro", name)
    return History(
        30, count, count, Counter({(key, "ko"): count}), Counter({"ko": count}),
        {(key, "ko"): Counter({who: count})}, of_two=count,
    )


def test_without_history_popular_topics_are_wanted_more_often() -> None:
    uses = [demand().of_topic(f"t{rank}", "ko", days=30) for rank in range(1, 5)]
    assert uses == sorted(uses, reverse=True)
    assert uses[0] == pytest.approx(4 * uses[3])
    assert demand().prior_share == 1.0


def test_shares_add_up_to_the_debates_there_are() -> None:
    for history in (History(30), seen(200)):
        each = [
            demand(history).of_topic(f"t{rank}", code, days=30)
            for rank in range(1, 5) for code in ("ko", "en")
        ]
        assert sum(each) == pytest.approx(300.0)


def test_what_was_seen_weighs_more_the_more_there_was() -> None:
    shares = [
        demand(seen(count)).of_topic("t3", "ko", days=1) / 10 for count in (0, 50, 500, 5_000)
    ]
    assert shares == sorted(shares)
    assert shares[-1] > 0.98
    assert demand(seen(50)).prior_share == 0.5


def test_debates_a_day_are_those_of_the_past_unless_somebody_says_other() -> None:
    assert demand(seen(300), a_day=None).a_day == 10.0
    assert demand(seen(300), a_day=3.0).a_day == 3.0


def test_a_usual_cast_counts_before_it_was_seen_and_others_do_not() -> None:
    found = demand()
    usual = found.of_speaker(Speaker("t1", "ko", "pro", "kant"), days=30)
    second = found.of_speaker(Speaker("t1", "ko", "pro", "plato"), days=30)
    stranger = found.of_speaker(Speaker("t1", "ko", "pro", "hegel"), days=30)
    assert usual > second > stranger == 0.0


def test_openings_that_nobody_comes_to_are_not_wanted() -> None:
    history = seen(200)
    half = History(
        30, 200, 200, history.topics, history.languages, history.speakers, 200, reach=0.5
    )
    who = Speaker("t3", "ko", "pro", "kant")
    assert demand(half).of_speaker(who, days=30) == pytest.approx(
        demand(history).of_speaker(who, days=30) / 2
    )


def test_lessons_move_the_weights() -> None:
    taught = Lessons({0: Lesson(expected=10.0, served=100)})
    rows = [Topic(key="a", popularity_rank=5), Topic(key="b", popularity_rank=20)]
    usual = demand_of(rows, History(30), a_day=1.0, lessons=Lessons())
    changed = demand_of(rows, History(30), a_day=1.0, lessons=taught)
    assert changed.weights["a"] > usual.weights["a"]
    assert sum(changed.weights.values()) == pytest.approx(1.0)


def counted(*tiers: str) -> History:
    return history_of(days=30, tiers=tiers or ("premium",), now=clock.now())


def test_history_counts_what_can_be_shared(user: User) -> None:
    debates_make(user, 5)
    debates_make(user, 2, context="A text of my own.")
    typed = Debate.objects.filter(context="").first()
    assert typed
    Debate.objects.filter(pk=typed.pk).update(topic_key="")
    found = counted()
    assert found.debates == 7
    assert found.shareable == 4
    assert found.topics == Counter({(topic().pk, "ko"): 4})
    assert found.reach == 1.0


def test_a_swapped_debate_counts_for_the_catalogues_side(user: User) -> None:
    debates_make(user, 3, is_swapped=True)
    row = topic()
    found = counted().speakers[row.pk, "ko"]
    name = row.default_cast["pro"][0]  # spoke for PRO, which says what the catalogue calls CON
    assert found[Speaker(row.pk, "ko", "con", name)] == 3
    assert found[Speaker(row.pk, "ko", "pro", name)] == 0


def test_only_users_whose_route_is_the_same_count(user: User) -> None:
    debates_make(user, 3)
    free = User.objects.create_user("free@example.org", tier_id="free")
    debates_make(free, 4)
    assert counted("premium").shareable == 3
    assert counted("premium", "free").shareable == 7


def test_old_debates_do_not_count(user: User) -> None:
    debates_make(user, 3)
    Debate.objects.update(created_at=clock.now().replace(year=2025))
    assert counted().shareable == 0
