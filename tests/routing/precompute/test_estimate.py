"""The estimate: what pays, in which order, and what the money does not reach."""

import pytest

from accounts.models import Tier, User
from costcontrol.lib import clock
from costcontrol.lib.errors import BadRequest
from routing import snapshot
from routing.models import CallKindRow, Deployment, PrecomputeRun, StoredAnswer, Topic
from routing.precompute.candidates import SPOKEN
from routing.precompute.estimate import Estimate, estimate
from routing.precompute.orders import Order, order_of
from tests.routing.precompute.house import (
    asked,
    debates_make,
    run_make,
    run_started,
    to_the_end,
    topic,
)
from tests.upstreams.batches import BatchUpstream


def order(**changes: object) -> Order:
    return order_of(asked(**changes), snapshot=snapshot.load())


def made(**changes: object) -> Estimate:
    wanted = order(**changes)
    return estimate(
        wanted, snapshot=snapshot.load(), month_left_nanos=wanted.budget_nanos, now=clock.now()
    )


def test_what_was_debated_often_pays_and_what_never_was_does_not(user: User) -> None:
    debates_make(user, 60)
    found = made(topics=200)
    assert found.chosen
    assert topic().pk in {choice.bundle.topic.pk for choice in found.chosen}
    least = Topic.objects.order_by("-popularity_rank")[8].pk
    assert least not in {choice.bundle.topic.pk for choice in found.chosen}
    assert found.unpaid


def test_the_best_payback_comes_first(user: User) -> None:
    debates_make(user, 60)
    figures = [choice.figure for choice in made(topics=50, variants=3).chosen]
    assert figures == sorted(figures, reverse=True)
    assert all(figure >= 1 for figure in figures)


def test_a_batch_costs_half_and_the_saving_is_what_is_left(user: User) -> None:
    debates_make(user, 60)
    [choice] = [
        each for each in made().chosen
        if each.bundle.main.kind == SPOKEN and each.bundle.speaker
        and each.bundle.speaker.philosopher == topic().default_cast["pro"][0]
    ]
    assert choice.cost_nanos * 2 == pytest.approx(choice.online_nanos, abs=2)
    assert choice.saving_nanos == round(choice.chance * choice.online_nanos) - choice.cost_nanos
    assert [part.kind for part in choice.parts] == [
        "core_arguments", "rag_query", "opening_statement", "opening_analysis"
    ]


def test_a_small_budget_cuts_off_the_rest(user: User) -> None:
    debates_make(user, 200)
    whole, cut = made(variants=3), made(variants=3, budget_usd="0.05")
    cost = sum(choice.cost_nanos for choice in cut.chosen)
    assert 0 < cost <= 50_000_000
    assert len(cut.chosen) + len(cut.cut) == len(whole.chosen)
    assert max(c.figure for c in cut.cut) <= min(c.figure for c in cut.chosen) + 1


def test_variants_that_are_there_are_counted(user: User, upstream: BatchUpstream) -> None:
    debates_make(user, 60)
    run = run_started(clock.now(), variants=1)
    now = to_the_end(run, clock.now())
    again = estimate(
        order(variants=2), snapshot=snapshot.load(), month_left_nanos=10**10, now=now
    )
    spoken = [each for each in again.chosen if each.bundle.main.kind == SPOKEN]
    assert spoken
    assert {choice.rank for choice in spoken} == {2}
    assert {choice.variant for choice in spoken} == {1}
    assert again.live == StoredAnswer.objects.exclude(kind="opening_analysis").count()


def test_without_history_somebody_has_to_say_how_many_debates_there_will_be(user: User) -> None:
    assert not made().chosen
    expected = made(debates_per_day="100")
    assert expected.chosen
    assert expected.demand.prior_share == 1.0


def test_more_debates_a_day_pay_for_more(user: User) -> None:
    few, many = (made(debates_per_day=rate, topics=100, variants=3) for rate in ("20", "500"))
    assert len(many.chosen) > len(few.chosen) > 0


def test_a_model_that_takes_no_batches_is_named(user: User) -> None:
    Deployment.objects.filter(model_class="premium").update(is_enabled=False)
    Deployment.objects.create(
        name="house/big", provider="openai", model="big", model_class="premium",
        base_url="http://127.0.0.1:9/v1", price_provider="local", languages=["ko", "en"],
    )
    snapshot.forget()
    debates_make(user, 60)
    found = made()
    assert found.unable["opening_statement"] == "premium house/big"
    assert SPOKEN not in {choice.bundle.main.kind for choice in found.chosen}


def test_kinds_that_staff_took_out_are_not_on_offer(user: User) -> None:
    CallKindRow.objects.filter(name="rag_query").update(is_batchable=False)
    snapshot.forget()
    with pytest.raises(BadRequest, match="rag_query"):
        order(kinds=["rag_query"])


def test_what_was_said_yes_to_is_what_is_made(user: User) -> None:
    debates_make(user, 60)
    run = run_make(clock.now(), variants=3)
    totals = run.estimate["totals"]
    assert run.items.count() == totals["answers"]
    assert run.status == PrecomputeRun.Status.ESTIMATED
    assert {row["fate"] for row in run.estimate["rows"]} <= {"chosen", "cut", "unpaid"}
    keys = run.items.values_list("key", "variant")
    assert len(keys) == len(set(keys))


def test_a_plan_that_goes_elsewhere_has_other_keys_and_shares_the_others(user: User) -> None:
    debates_make(user, 60)
    Tier.objects.create(
        name="cheap", title="Cheap", route_mode="hybrid", allowed_classes=["economy"], rank=5
    )
    dear, cheap = (keys(made(debates_per_day="50", tier=tier)) for tier in ("premium", "cheap"))
    assert {kind for kind, _key in dear & cheap} == {"stance_statements"}
    assert SPOKEN in {kind for kind, _key in dear - cheap}


def keys(found: Estimate) -> set[tuple[str, str]]:
    return {(each.bundle.main.kind, each.bundle.main.key) for each in found.chosen}
