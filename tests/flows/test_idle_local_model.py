"""A local model that nobody is using fills the store ahead of demand, over HTTP and by its task."""

from collections.abc import Iterator

import pytest
from django.test import Client
from pytest_django import Settings

from accounts import auth
from accounts.models import User
from billing import gauge
from billing.models import UsageRecord
from costcontrol.lib import clock, database
from routing import health, snapshot, tasks
from routing.models import PrecomputeRun, StoredAnswer, Topic
from routing.precompute import machine, runs
from routing.precompute.beside import join
from routing.precompute.orders import order_of
from tests.flows.conftest import House
from tests.flows.rows import LOCAL, account, assert_the_books_agree
from tests.flows.server import Gateway
from tests.upstreams.metered import TEXT, Manner, Metered

pytestmark = pytest.mark.postgresql
HELLO = [{"role": "user", "content": "Hello?"}]
ORDER = {
    "languages": ["en"], "kinds": ["opening_statement"], "tier": "free", "budget_usd": "1",
    "topics": "1", "variants": "1", "debates_per_day": "50",
}


@pytest.fixture
def run(house: House, settings: Settings) -> Iterator[PrecomputeRun]:
    """Openings on the first topic, for users whose debates a local model writes."""
    settings.PRECOMPUTE_MONTHLY_USD = "5"
    settings.REDIS_URL = house.redis_url
    forget()
    known = snapshot.load()
    drawn = runs.run_estimate(
        order_of(ORDER, snapshot=known), snapshot=known, actor="test", user_id=None,
        now=clock.now(),
    )
    yield runs.run_start(drawn, actor="test", now=clock.now())
    StoredAnswer.objects.filter(origin="ahead").delete()
    database.close_threads()
    forget()


def forget() -> None:
    for each in (snapshot.forget, gauge.forget_all, auth.forget_all, health.forget_all):
        each()


def idle_time() -> None:
    """As Celery's clock gives it to them, once."""
    assert tasks.precompute_ahead.apply().get()
    join("precompute_ahead")


def test_it_writes_what_is_asked_for_later_and_yields_to_whoever_calls(
    run: PrecomputeRun, gateway: Gateway, upstream: Metered, client: Client
) -> None:
    planned = run.items.count()
    assert planned >= 2
    assert set(run.items.values_list("deployment", flat=True)) == {LOCAL}

    who = account("free")
    upstream.will(Manner(piece_s=1.0))
    with gateway.streaming(who, {"model": LOCAL, "messages": HELLO}) as call:
        call.read(1)
        idle_time()
        assert len(upstream.sales) == 1  # somebody is using it
    assert_the_books_agree()  # they have gone

    idle_time()
    assert len(upstream.sales) == 1 + planned
    assert statuses(run) == {"made"}
    made = StoredAnswer.objects.filter(origin="ahead", kind="opening_statement")
    assert made.count() == planned
    assert not machine.step(run.pk, now=clock.now())
    assert_the_books_agree()

    topic = Topic.objects.order_by("popularity_rank")[0]
    cast = {side: names[:1] for side, names in topic.default_cast.items()}
    order = {"topic_id": topic.pk, "language": "en", "cast": cast}
    debate = gateway.post(who, order, "/api/v1/debates").data["id"]
    for number in (1, 2):
        turn = gateway.post(who, {"expected_turn": number}, f"/api/v1/debates/{debate}/turns")
    assert (turn.status, turn.data["text"]) == (202, TEXT)
    assert len(upstream.sales) == 1 + planned  # it was there
    rows = UsageRecord.objects.filter(user_id=who.user.pk, call_kind="opening_statement")
    assert rows.get().cache_layer == "precomputed"

    staff = User.objects.create_superuser("idle@example.org", password="x")
    client.force_login(staff)
    shown = client.get(f"/dashboard/precompute/{run.pk}/").content.decode()
    assert f"{planned} of {planned}" in shown
    assert "1 times" in shown


def statuses(run: PrecomputeRun) -> set[str]:
    return set(run.items.values_list("status", flat=True))
