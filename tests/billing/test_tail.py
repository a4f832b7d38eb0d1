"""The newest calls by the ids of their rows: which match, what is read, what came out of order."""

from datetime import timedelta
from itertools import product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import UsageRecord
from billing.reports import tail
from billing.reports.calls import ENDED, Ended
from billing.reports.errors import REFUSALS
from billing.reports.tail import Glance, Place, Wanted
from tests.costcontrol.dashboard import rows

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
Outcome = UsageRecord.Outcome
ALL = Wanted()


def here() -> Place:
    return Place(tail.newest_id())


def test_a_look_brings_what_ended_since_and_not_what_failed_on_the_way() -> None:
    rows.call()
    place = here()
    ended = rows.call()
    rows.failure(code="upstream_timeout")
    found = tail.look(place, [ALL])
    assert [line.call_id for line in found.batches[ALL].lines] == [ended.call_id]
    assert found.place.last == tail.newest_id()
    assert tail.look(found.place, [ALL]).batches == {}


@pytest.mark.parametrize(("wanted", "matching"), [
    (Wanted(tier="free"), 1), (Wanted(deployment="openai/x"), 1), (Wanted(deployment="none"), 1),
    (Wanted(call_kind="judge"), 1), (Wanted(ended=Ended.CACHED), 1), (ALL, 5),
    (Wanted(tier="free", call_kind="judge"), 0),
    (Wanted(provider="groq"), 1), (Wanted(provider="none"), 1), (Wanted(user_id=7), 1),
    (Wanted(cache_layer="exact"), 1), (Wanted(user_id=7, provider="groq"), 0),
])
def test_each_filter_narrows_what_is_watched(wanted: Wanted, matching: int) -> None:
    place = here()
    rows.call(tier="free", user_id=7)
    rows.call(deployment="openai/x", provider="groq")
    rows.call(call_kind="judge", provider="")
    rows.hit()
    rows.refusal()
    batch = tail.look(place, [wanted]).batches.get(wanted)
    assert (len(batch.lines) if batch else 0) == matching


def test_how_a_call_ended_is_what_the_list_of_calls_says() -> None:
    outcomes = [each for each in Outcome if each not in (Outcome.FAILED, Outcome.CORRECTED)]
    codes = ("", "internal_error", min(REFUSALS))
    for outcome, layer, code in product(outcomes, ("", "exact", "template"), codes):
        row = rows.call(outcome=outcome, cache_layer=layer, error_code=code)
        glance = Glance(row.pk, "", "", "", layer, outcome, code)
        mine = UsageRecord.objects.filter(pk=row.pk)
        assert [each for each in Ended if mine.filter(ENDED[each]).exists()] == [glance.ended]


def test_many_calls_are_counted_and_the_newest_are_shown() -> None:
    place = here()
    made = [rows.call() for _ in range(tail.SHOWN + 5)]
    batch = tail.look(place, [ALL]).batches[ALL]
    assert batch.more == 5
    assert [line.call_id for line in batch.lines] == [row.call_id for row in made[5:]]


def test_a_look_for_many_filters_is_as_many_queries_as_for_one() -> None:
    place = here()
    for tier in ("free", "premium"):
        rows.call(tier=tier)
    wanted = [ALL, *(Wanted(tier=tier) for tier in ("free", "premium", "none", "other"))]
    assert queries_of(place, [ALL]) == queries_of(place, wanted) == 4
    assert queries_of(here(), wanted) == 1


def queries_of(place: Place, wanted: list[Wanted]) -> int:
    with CaptureQueriesContext(connection) as seen:
        tail.look(place, wanted)
    return len(seen)


def test_a_row_that_becomes_visible_late_is_still_brought() -> None:
    early, last = rows.call(), rows.call()
    found = tail.look(Place(last.pk, ((early.pk, 2),)), [ALL])
    assert [line.call_id for line in found.batches[ALL].lines] == [early.call_id]
    assert found.place == Place(last.pk)


def test_ids_that_never_come_are_given_up() -> None:
    row = rows.call(id=10)
    place, missing = Place(row.pk - 3), []
    for _ in range(tail.TRIES + 1):
        place = tail.look(place, [ALL]).place
        missing.append(len(place.missing))
    assert missing[0] == 2
    assert missing[-1] == 0


def test_the_beginning_is_the_newest_that_match() -> None:
    wanted = Wanted(tier="free")
    made = [rows.call(tier=tier) for tier in ("free", "premium", "free", "free")]
    batch = tail.recent(wanted, size=2)
    assert [line.call_id for line in batch.lines] == [made[2].call_id, made[3].call_id]
    assert (batch.more, batch.last) == (1, made[3].pk)
    assert tail.recent(ALL, after=made[3].pk, size=2).last == made[3].pk


def test_a_page_begins_with_those_that_ended_last_whatever_their_ids() -> None:
    long = rows.call(rows.NOW - timedelta(minutes=2), latency_ms=119_000)
    late = rows.call(rows.NOW)
    early = rows.call(rows.NOW - timedelta(days=3))
    batch = tail.recent(Wanted(), size=2)
    assert [line.call_id for line in batch.lines] == [long.call_id, late.call_id]
    assert (batch.last, batch.more) == (early.pk, 1)
