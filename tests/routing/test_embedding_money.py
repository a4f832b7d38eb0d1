"""Vectors that a vendor sells are held, settled and refused like any call."""

from collections.abc import Iterator
from typing import Any

import pytest

from billing import ledger
from billing.models import Reservation, UsageRecord, Window
from billing.savings import causes, saved_nanos
from costcontrol.lib import clock
from routing import snapshot
from routing.debates.topic_index import forget
from routing.debates.topics import resolve
from routing.embedding_money import KIND, Reply, Source, bought, why_not
from routing.embeddings import Embedder, EmbedderAway, embedder_named
from tests.billing.conftest import nothing_remembered as nothing_remembered
from tests.routing.debates.topic_rows import calibrate, topics_make
from tests.routing.embedding_rows import Vendor, budget, price, vendor_at

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
TEXT = "Is it right to clone people?"  # 6 words, 28 bytes
OPENAI = Source("openai", "small")
NANOS = 20 * 6  # at 0.02 USD for a million tokens


@pytest.fixture
def vendor(settings: Any, db: None, nothing_remembered: None) -> Iterator[type[Vendor]]:
    snapshot.forget()
    with vendor_at(settings) as found:
        yield found
    snapshot.forget()
    forget()


def model(name: str = "openai:small") -> Embedder:
    found = embedder_named(name)
    assert found is not None
    return found


def test_a_text_costs_what_was_reported_and_nobody_is_billed_for_it(vendor: type[Vendor]) -> None:
    price("openai", "0.02")
    platform = budget("platform", "", 1_000_000)
    model().embed([TEXT])
    row = UsageRecord.objects.get()
    assert (row.cost_nanos, row.fresh_input_tokens, row.confidence) == (NANOS, 6, "exact")
    assert (row.call_kind, row.tier, row.user_id, row.outcome) == (KIND, KIND, 0, "complete")
    assert (row.baseline_nanos, row.reason, row.price_output) == (None, "", 0)
    assert row.held_nanos > NANOS, "the worst case was held"
    window = Window.objects.get(scope_kind=platform.scope_kind)
    assert (window.spent, window.held) == (NANOS, 0)
    assert ledger.differences() == []


def test_it_is_what_saving_cost(vendor: type[Vendor]) -> None:
    price("openai", "0.02")
    model().embed([TEXT])
    row = UsageRecord.objects.get()
    assert saved_nanos(row) == -NANOS
    assert causes(row) == {"helpers": -NANOS}


def test_many_texts_are_as_many_rows_as_requests(vendor: type[Vendor]) -> None:
    price("openai", "0.02")
    model().embed([TEXT] * 130)
    rows = UsageRecord.objects.order_by("pk").values_list("cost_nanos", flat=True)
    assert list(rows) == [64 * NANOS, 64 * NANOS, 2 * NANOS]
    assert vendor.asked == 3


def test_ollama_is_in_the_ledger_too_and_an_estimate_where_it_counts_nothing(
    vendor: type[Vendor],
) -> None:
    price("ollama", "0.02", model="*")
    model("ollama:small").embed([TEXT])
    vendor.says_tokens = False
    model("ollama:small").embed([TEXT])
    told, guessed = UsageRecord.objects.order_by("pk")
    assert (told.cost_nanos, told.confidence) == (NANOS, "exact")
    assert (guessed.cost_nanos, guessed.confidence) == (guessed.held_nanos, "estimated")
    assert guessed.cost_nanos >= NANOS


@pytest.mark.parametrize(
    ("scope_kind", "scope_id"), [("platform", ""), ("provider", "openai"), ("tier", KIND)]
)
def test_without_room_nothing_is_sent_and_it_is_said(
    vendor: type[Vendor], scope_kind: str, scope_id: str
) -> None:
    price("openai", "0.02")
    budget(scope_kind, scope_id, 100)
    with pytest.raises(EmbedderAway, match="used up"):
        model().embed([TEXT])
    assert vendor.asked == 0
    row = UsageRecord.objects.get()
    assert (row.outcome, row.error_code, row.cost_nanos) == ("refused", "budget_exhausted", 0)
    assert f"{scope_kind} {scope_id}".strip() in row.reason
    assert "titles and other words only" in row.reason
    assert TEXT not in row.reason
    assert not Reservation.objects.exists()


def test_without_a_price_nothing_is_sent(vendor: type[Vendor]) -> None:
    with pytest.raises(EmbedderAway, match="no standard price"):
        model().embed([TEXT])
    assert vendor.asked == 0
    assert "no standard price" in why_not(OPENAI, now=clock.now())


def test_why_not_is_said_before_anybody_types(vendor: type[Vendor]) -> None:
    price("openai", "0.02")
    assert why_not(OPENAI, now=clock.now()) == ""
    row = budget("provider", "openai", 1_000_000)
    assert why_not(OPENAI, now=clock.now()) == ""
    row.cap_nanos = 100
    row.save()
    Window.objects.update(cap=100)
    snapshot.forget()
    assert "provider openai" in why_not(OPENAI, now=clock.now())


def test_an_answer_with_an_error_costs_nothing(vendor: type[Vendor]) -> None:
    price("openai", "0.02")
    budget("platform", "", 1_000_000)
    vendor.status = 401
    with pytest.raises(EmbedderAway):
        model().embed([TEXT])
    row = UsageRecord.objects.get()
    assert (row.outcome, row.cost_nanos) == ("failed", 0)
    window = Window.objects.get()
    assert (window.spent, window.held) == (0, 0)


def test_an_answer_that_cannot_be_read_is_charged_as_if_it_was_billed(
    vendor: type[Vendor],
) -> None:
    price("openai", "0.02")
    budget("platform", "", 1_000_000)
    vendor.is_short = True
    with pytest.raises(EmbedderAway, match="vectors"):
        model().embed([TEXT, TEXT])
    assert UsageRecord.objects.get().cost_nanos == 2 * NANOS
    assert ledger.differences() == []


def test_one_that_is_torn_off_is_charged_at_its_worst_case(vendor: type[Vendor]) -> None:
    price("openai", "0.02")

    def die(_texts: list[str]) -> Reply:
        raise SystemExit

    with pytest.raises(SystemExit):
        bought(OPENAI, [TEXT], die)
    row = UsageRecord.objects.get()
    assert (row.outcome, row.confidence) == ("failed", "estimated")
    assert row.cost_nanos == row.held_nanos > 0


def test_a_typed_topic_is_new_while_the_money_is_used_up(
    vendor: type[Vendor], settings: Any
) -> None:
    price("openai", "0.02")
    settings.TOPIC_EMBEDDER, settings.SNAPSHOT_SECONDS = "openai:small", 0.0
    topics_make()
    calibrate()
    budget("provider", "openai", 100)
    found = resolve(TEXT)
    assert (found.topic, found.how, found.choices) == (None, "new", ())
    assert resolve("Does God exist?").how == "title"
    assert vendor.asked == 0
