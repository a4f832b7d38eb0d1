"""Answers made ahead for debates that search: the search first, then the openings that read it."""

import pytest
from django.db.models import Sum

from accounts.models import User
from accounts.types import Caller
from billing.models import UsageRecord
from costcontrol.lib import clock
from routing import snapshot
from routing.call_kinds import SEARCH
from routing.debates.topics_ready import topics_ready
from routing.models import Deployment, PrecomputeRun, StoredAnswer, Topic
from routing.precompute import stale
from tests.routing.precompute.house import (
    HAIKU,
    assert_adds_up,
    debates_make,
    made_of,
    run_started,
    to_the_end,
    topic,
)
from tests.upstreams.batches import BatchUpstream

pytestmark = pytest.mark.postgresql
CENT = 10_000_000  # nanos: a search, also in a batch


@pytest.fixture
def run(user: User, upstream: BatchUpstream) -> PrecomputeRun:
    """Of one topic, whose usual cast has two for each side."""
    Deployment.objects.filter(name=HAIKU).update(can_search=True)
    snapshot.forget()
    debates_make(user, 40)
    return run_started(clock.now())


def test_a_side_is_searched_for_once_and_its_openings_keep_the_pages(
    run: PrecomputeRun, user: User, upstream: BatchUpstream
) -> None:
    now = to_the_end(run, clock.now())
    found = made_of(run, SEARCH)
    assert {(row.side, row.philosopher) for row in found} == {("pro", ""), ("con", "")}
    assert len(found) == 2
    openings = made_of(run, "opening_statement")
    assert len(openings) == 4
    assert {row.fields.get("is_searched") for row in openings} == {True}
    urls = [[page["url"] for page in row.citations] for row in openings]
    assert urls == [["https://page1.example/", "https://page2.example/"]] * 4
    asked = [str(each) for batch in upstream.batches.values() for each in batch.requests]
    assert len([each for each in asked if '<source title="Page 1"' in each]) == 4
    assert_adds_up(run, upstream)
    bought = UsageRecord.objects.filter(call_kind=SEARCH).aggregate(nanos=Sum("search_nanos"))
    assert bought["nanos"] == 2 * CENT
    ready = topics_ready(
        Topic.objects.all(), language="ko", caller=Caller.signed_in(user),
        snapshot=snapshot.latest(), now=now,
    )
    assert ready == {topic().key}


def test_analyses_of_such_openings_have_the_key_that_a_debate_asks_for(
    run: PrecomputeRun, upstream: BatchUpstream
) -> None:
    to_the_end(run, clock.now())
    analyses = made_of(run, "opening_analysis")
    assert len(analyses) == 4
    assert not any("is_searched" in row.fields for row in analyses)


def test_without_a_page_no_opening_is_made_ahead(
    run: PrecomputeRun, upstream: BatchUpstream
) -> None:
    upstream.has_web = False
    to_the_end(run, clock.now())
    assert made_of(run, SEARCH) == made_of(run, "opening_statement") == []
    skipped = run.items.filter(kind="opening_statement").values_list("error", flat=True)
    assert set(skipped) == {"search"}
    assert_adds_up(run, upstream)


def test_an_opening_whose_search_has_ended_is_not_made_anew_without_it(
    run: PrecomputeRun, upstream: BatchUpstream
) -> None:
    now = to_the_end(run, clock.now())
    openings = StoredAnswer.objects.filter(kind="opening_statement")
    openings.update(soft_until=now, served_at=now)
    assert len(stale.in_batches(most=9, now=now)) == 4
    StoredAnswer.objects.filter(kind=SEARCH).update(ended_at=now, ended_why="expired")
    assert stale.in_batches(most=9, now=now) == []
