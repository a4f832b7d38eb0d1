"""Answers that others may use, asked for in two processes at the same time."""

import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
import redis
from django.conf import settings

from accounts.models import User
from billing import ledger
from billing.models import Reservation, UsageRecord
from routing.cache.singleflight import LEASE_MS, lease_name
from routing.models import AnswerSeen, StoredAnswer
from tests.flows.conftest import KEYS, House
from tests.flows.rows import OPEN, assert_the_books_agree, eventually
from tests.flows.server import GAUGE_SECONDS, SNAPSHOT_SECONDS
from tests.routing.cache.answers import FIELDS
from tests.services.askers import Asker, running_askers
from tests.services.product import product_env
from tests.upstreams.metered import TEXT, Manner, Metered

pytestmark = pytest.mark.postgresql
SLOW = Manner(wait_s=0.5, piece_s=0.01)


@pytest.fixture(scope="module")
def pair(the_house: House) -> Iterator[list[Asker]]:
    env = product_env(
        the_house.folder, DATABASE_URL=the_house.database_url, REDIS_URL=the_house.redis_url,
        ANTHROPIC_BASE_URL=the_house.upstream.url,
        OPENAI_BASE_URL=f"{the_house.upstream.url}/openai/v1",
        SNAPSHOT_SECONDS=str(SNAPSHOT_SECONDS), GAUGE_SECONDS=str(GAUGE_SECONDS), **KEYS,
    )
    with running_askers(2, env) as askers:
        yield askers


@pytest.fixture
def two(pair: list[Asker]) -> list[Asker]:
    for asker in pair:
        asker.start()
    for asker in pair:
        asker.wait_until_ready()
    return pair


def fields() -> dict[str, object]:
    """Of a topic that no other test has asked about."""
    return FIELDS | {"topic": uuid4().hex[:12]}


def people(count: int) -> list[int]:
    named = (f"{uuid4().hex[:12]}@example.org" for _ in range(count))
    made = User.objects.bulk_create(User(email=name, tier_id="enterprise") for name in named)
    return [user.pk for user in made]


def test_fifty_users_of_two_processes_make_one_call_and_read_fifty_whole_texts(
    two: list[Asker], upstream: Metered
) -> None:
    upstream.manner = SLOW
    ids, asked = people(50), fields()
    for asker, half in zip(two, (ids[:25], ids[25:]), strict=True):
        asker.ask(half, asked, text="Open.")
    told = [each for asker in two for each in asker.told()]
    assert len(upstream.sales) == 1
    assert [each.text for each in told] == [TEXT] * 50
    assert [each.cache for each in told].count("miss") == 1
    [stored] = StoredAnswer.objects.filter(topic_key=asked["topic"])
    assert {each.stored_id for each in told} == {stored.pk}
    assert AnswerSeen.objects.filter(answer=stored).count() == 50
    assert UsageRecord.objects.filter(user_id__in=ids, outcome="cached").count() == 49
    stored.refresh_from_db()
    assert stored.served == 49


def leases() -> list[int]:
    """How long those who wait for a dead process wait at most, in milliseconds."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        return [client.pttl(name) for name in client.scan_iter(lease_name("*"))]


def test_who_waits_for_a_process_that_dies_makes_one_more_call_after_its_lease(
    two: list[Asker], upstream: Metered
) -> None:
    leader, follower = two
    upstream.will(Manner(wait_s=60))
    ids, asked = people(11), fields()
    leader.ask(ids[:1], asked, text="Open.")
    eventually(lambda: len(upstream.sales) == 1, what="the leader's call")
    follower.ask(ids[1:], asked, text="Open.")
    time.sleep(0.5)
    assert len(upstream.sales) == 1  # they wait
    leader.kill()
    [left_ms] = leases()
    assert left_ms <= LEASE_MS < 3_000
    told = follower.told()
    assert len(upstream.sales) == 2
    assert [each.text for each in told] == [TEXT] * 10
    assert StoredAnswer.objects.filter(topic_key=asked["topic"]).count() == 1
    mine = Reservation.objects.filter(state__in=OPEN, facts__usage__user_id=ids[0])
    assert mine.update(lease_until_ms=0) == 1
    ledger.sweep()
    assert_the_books_agree()
