"""Topics where nobody came for what was made ahead, and topics that are left out of estimates."""


import pytest

from accounts.models import AuditEvent, User
from costcontrol.lib import clock
from routing import snapshot
from routing.models import StoredAnswer, Topic
from routing.precompute.estimate import Estimate, estimate
from routing.precompute.orders import order_of
from routing.precompute.topics import PATIENCE, Topics, topic_switch, topics_now
from tests.routing.precompute.house import MADE_NANOS, asked, debates_make, made_ago, topic


def now_said() -> Topics:
    return topics_now(now=clock.now())


pytestmark = pytest.mark.usefixtures("user")


def others() -> list[Topic]:
    return list(Topic.objects.order_by("popularity_rank")[1:3])


def test_a_topic_is_named_once_nobody_came_for_long_enough() -> None:
    used, fresh = others()
    made_ago(topic(), days=PATIENCE.days + 1)
    made_ago(used, days=PATIENCE.days + 1, served=3)
    made_ago(fresh, days=PATIENCE.days - 1)
    [found] = now_said().unused
    assert (found.topic, found.answers, found.cost_nanos) == (topic(), 1, MADE_NANOS)
    assert not now_said().is_nothing_used


def test_a_newer_answer_gets_its_time_too() -> None:
    made_ago(topic(), days=PATIENCE.days + 10)
    made_ago(topic(), days=1)
    assert not now_said().unused


def test_nothing_used_at_all_is_said_of_all_together() -> None:
    assert not now_said().is_nothing_used
    for each in (topic(), *others()):
        made_ago(each, days=PATIENCE.days + 1)
    found = now_said()
    assert found.is_nothing_used
    assert found.cost_nanos == 3 * MADE_NANOS


def test_an_answer_that_was_deleted_says_nothing() -> None:
    item = made_ago(topic(), days=PATIENCE.days + 1)
    StoredAnswer.objects.filter(pk=item.answer_id).delete()
    assert not now_said().unused


def test_what_is_left_out_is_in_no_estimate_and_changes_no_other(user: User) -> None:
    debates_make(user, 60)
    before = {choice.bundle.topic.pk: choice.bundle.expected for choice in _all(_estimate())}
    assert topic().pk in before
    assert topic_switch(topic(), is_made_ahead=False, actor="alice", reason="nobody asks")
    after = {choice.bundle.topic.pk: choice.bundle.expected for choice in _all(_estimate())}
    assert topic().pk not in after
    assert {key: before[key] for key in after if key in before} == {
        key: after[key] for key in after if key in before
    }
    event = AuditEvent.objects.get(action="precompute_topic")
    assert (event.target, event.after, event.reason) == (
        topic().pk, {"is_made_ahead": False}, "nobody asks"
    )
    assert [each.pk for each in now_said().left_out] == [topic().pk]


def test_the_same_twice_changes_nothing() -> None:
    assert not topic_switch(topic(), is_made_ahead=True, actor="alice")
    assert not AuditEvent.objects.filter(action="precompute_topic").exists()


def _estimate() -> Estimate:
    known = snapshot.load()
    order = order_of(asked(topics=20), snapshot=known)
    return estimate(order, snapshot=known, month_left_nanos=order.budget_nanos, now=clock.now())


def _all(found: Estimate) -> list:  # type: ignore[type-arg]
    return [*found.chosen, *found.cut, *found.unpaid]
