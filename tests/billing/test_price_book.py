"""The shipped price book: what is in it, that it agrees with its source, and how it is loaded."""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import genai_prices
import pytest
from django.core.management import call_command
from genai_prices.data_snapshot import get_snapshot

from accounts.models import AuditEvent
from billing.management.commands.refresh_price_book import MODELS
from billing.models import ModelPrice
from billing.price_book import FOLDER, Loaded, book_load, read_book
from billing.prices import DATE_SUFFIX, NewPrice, PriceTable, cost, price_supersede
from billing.usage import Usage
from costcontrol.lib.money import NANOS_PER_USD

NOVEMBER = datetime(2026, 11, 25, tzinfo=UTC)
DECEMBER = NOVEMBER + timedelta(days=10)
ALL_MODELS = [(provider, model) for provider, names in MODELS.items() for model in names]
# Around every prompt length at which some model's price changes, and far from all of them.
INPUTS = (0, 1, 1_000, 99_999, 100_000, 100_001, 200_000, 200_001, 272_000, 272_001, 900_000)


@pytest.fixture
def table(db: None) -> PriceTable:
    book_load(read_book(), at=NOVEMBER, actor="tests")
    return PriceTable.load(NOVEMBER)


def usages(input_tokens: int) -> list[Usage]:
    """The same input, fresh or partly from and to the vendor's cache."""
    half, third = input_tokens // 2, input_tokens // 3
    return [
        Usage(fresh_input_tokens=input_tokens, output_tokens=0),
        Usage(fresh_input_tokens=input_tokens, output_tokens=1_777, searches=2),
        Usage(fresh_input_tokens=input_tokens - half, cache_read_tokens=half, output_tokens=333),
        Usage(
            fresh_input_tokens=input_tokens - half - third, cache_read_tokens=half,
            cache_write_tokens=third, output_tokens=10_001,
        ),
    ]


def priced_by_the_source(provider: str, model: str, usage: Usage, **context: str) -> int:
    """Nanos, rounded up, by genai-prices itself."""
    counts = {
        "input_tokens": usage.input_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "output_tokens": usage.output_tokens,
    }
    total = genai_prices.calc_price(
        genai_prices.Usage(**{name: count for name, count in counts.items() if count}),
        model_ref=model, provider_id=provider, genai_request_timestamp=NOVEMBER,
        price_context=context or None,
    ).total_price
    if usage.searches:
        total += usage.searches * search_price(provider, model)
    return int((total * NANOS_PER_USD).to_integral_value(ROUND_CEILING))


def search_price(provider: str, model: str) -> Decimal:
    info = source_model(provider, model)
    return (info.get_prices(NOVEMBER).web_searches_kcount or Decimal(0)) / 1000


def source_model(provider: str, model: str) -> Any:
    return next(m for m in source_models(provider) if m.id == model)


def source_models(provider: str) -> list[Any]:
    return next(p for p in get_snapshot().providers if p.id == provider).models


@pytest.mark.parametrize(("provider", "model"), ALL_MODELS)
@pytest.mark.parametrize("processing", ["standard", "batch"])
def test_every_model_costs_what_its_source_says(
    table: PriceTable, provider: str, model: str, processing: str
) -> None:
    if not table.has(provider, model, processing=processing):
        assert processing == "batch"
        return
    context = {"processing": "batch"} if processing == "batch" else {}
    for input_tokens in INPUTS:
        price = table.price(provider, model, input_tokens=input_tokens, processing=processing)
        for usage in usages(input_tokens):
            expected = priced_by_the_source(provider, model, usage, **context)
            assert cost(usage, price) == expected, (input_tokens, usage)


def test_models_with_a_published_batch_price_have_one_and_others_have_none(
    table: PriceTable,
) -> None:
    for provider, model in ALL_MODELS:
        variants = source_model(provider, model).price_variants or ()
        is_published = any(variant.when == {"processing": "batch"} for variant in variants)
        assert table.has(provider, model, processing="batch") == is_published, model


def test_dated_names_cost_what_the_source_says_of_them(table: PriceTable) -> None:
    dated = [
        (provider, name)
        for provider, model in ALL_MODELS
        for name in re.findall(r"equals='([^']+)'", repr(source_model(provider, model).match))
        if DATE_SUFFIX.search(name) and DATE_SUFFIX.sub("", name) in MODELS[provider]
    ]
    assert len(dated) > 10
    usage = Usage(fresh_input_tokens=1_000, output_tokens=1_000)
    for provider, name in dated:
        price = table.price(provider, name, input_tokens=1_000)
        assert cost(usage, price) == priced_by_the_source(provider, name, usage), name


@pytest.mark.parametrize(
    ("provider", "model", "input_tokens", "fresh_input", "output"),
    [
        ("anthropic", "claude-haiku-5-5", 100_000, "0.1", "0.5"),
        ("anthropic", "claude-haiku-5-5", 100_001, "0.5", "2.5"),
        ("openai", "gpt-6-luna", 272_000, "0.1", "0.5"),
        ("openai", "gpt-6-luna", 272_001, "0.2", "0.75"),
        ("anthropic", "claude-opus-5-5", 900_000, "4", "20"),
    ],
)
def test_the_dearer_tier_begins_one_token_above_the_published_length(
    table: PriceTable, provider: str, model: str, input_tokens: int, fresh_input: str, output: str
) -> None:
    price = table.price(provider, model, input_tokens=input_tokens)
    assert (price.fresh_input, price.output) == (Decimal(fresh_input), Decimal(output))


@pytest.mark.parametrize(
    ("provider", "model"), [("ollama", "llama3.2:3b"), ("embedded", "smollm2-135m"), ("local", "x")]
)
def test_local_models_cost_nothing_until_the_operator_prices_the_hardware(
    table: PriceTable, provider: str, model: str
) -> None:
    price = table.price(provider, model, input_tokens=10)
    assert cost(Usage(fresh_input_tokens=10, output_tokens=10), price) == 0
    source = ModelPrice.objects.get(pk=price.id).source
    assert source == "operator: local hardware not yet priced"


def test_every_row_names_its_source_and_date(table: PriceTable) -> None:
    rows = ModelPrice.objects.all()
    assert rows.exists()
    assert not rows.filter(source="").exists()
    assert all(row.source_date.year == 2026 for row in rows)


def test_the_book_is_what_the_generator_writes(tmp_path: Path) -> None:
    call_command("refresh_price_book", folder=tmp_path, start=NOVEMBER.date(), stdout=StringIO())
    for path in tmp_path.glob("*.json"):
        written, shipped = (json.loads(p.read_text()) for p in (path, FOLDER / path.name))
        assert written["rows"] == shipped["rows"], path.name


def load(**options: Any) -> Loaded:
    return book_load(read_book(), at=DECEMBER, actor="tests", **options)


def operator_price(**changes: Any) -> NewPrice:
    row = next(row.price for row in read_book() if row.price.model == "claude-opus-5-5")
    values = {name: getattr(row, name) for name in row.__slots__}
    return NewPrice(**values | {"source": "operator: our contract"} | changes)


def test_loading_twice_changes_nothing(table: PriceTable) -> None:
    before = ModelPrice.objects.count(), AuditEvent.objects.count()
    done = load()
    assert (done.inserted, done.superseded, done.closed, done.kept) == (0, 0, 0, 0)
    assert (ModelPrice.objects.count(), AuditEvent.objects.count()) == before


def test_a_changed_price_supersedes_the_old_row_from_now_on(table: PriceTable) -> None:
    ModelPrice.objects.filter(model="gpt-6-luna", processing="batch").delete()
    old = ModelPrice.objects.get(model="gpt-5-mini", processing="standard")
    ModelPrice.objects.filter(pk=old.pk).update(output=Decimal(3))
    done = load()
    old.refresh_from_db()
    assert (done.inserted, done.superseded) == (2, 1)
    assert (old.output, old.superseded_at) == (3, DECEMBER)
    before, after = (
        PriceTable.load(at).price("openai", "gpt-5-mini", input_tokens=1).output
        for at in (DECEMBER - timedelta(seconds=1), DECEMBER)
    )
    assert (before, after) == (3, 2)


def test_a_price_of_the_operator_is_kept_unless_forced(table: PriceTable) -> None:
    price_supersede(operator_price(output=Decimal(15)), at=DECEMBER, actor="alice")
    later = DECEMBER + timedelta(days=1)
    kept = book_load(read_book(), at=later, actor="tests")
    assert kept.kept == 1
    assert PriceTable.load(later).price("anthropic", "claude-opus-5-5", input_tokens=1).output == 15
    forced = book_load(read_book(), at=later, actor="tests", is_forced=True)
    assert forced.superseded == 1
    assert PriceTable.load(later).price("anthropic", "claude-opus-5-5", input_tokens=1).output == 20


def test_force_never_makes_priced_hardware_free_again(table: PriceTable) -> None:
    new = operator_price(provider="ollama", model="*", output=Decimal("0.05"))
    price_supersede(new, at=DECEMBER, actor="alice")
    later = DECEMBER + timedelta(days=1)
    book_load(read_book(), at=later, actor="tests", is_forced=True)
    price = PriceTable.load(later).price("ollama", "gemma3", input_tokens=1)
    assert price.output == Decimal("0.05")


def test_a_tier_that_the_book_no_longer_has_is_closed(table: PriceTable) -> None:
    stale = ModelPrice.objects.get(model="claude-opus-5-5", processing="standard")
    stale.pk, stale.min_input_tokens, stale.output = None, 200_001, Decimal(30)
    stale.save()
    assert load().closed == 1
    table = PriceTable.load(DECEMBER)
    assert table.price("anthropic", "claude-opus-5-5", input_tokens=300_000).output == 20


def test_a_model_that_left_the_book_keeps_its_price(table: PriceTable) -> None:
    book = [row for row in read_book() if row.price.model != "gpt-4"]
    book_load(book, at=DECEMBER, actor="tests")
    assert PriceTable.load(DECEMBER).has("openai", "gpt-4")


def test_a_price_that_returns_does_not_rewrite_the_past(table: PriceTable) -> None:
    ModelPrice.objects.filter(model="gpt-4").update(superseded_at=NOVEMBER + timedelta(days=1))
    load()
    assert not PriceTable.load(DECEMBER - timedelta(days=1)).has("openai", "gpt-4")
    assert PriceTable.load(DECEMBER).has("openai", "gpt-4")


def test_the_command_says_what_it_did(db: None) -> None:
    first, second = StringIO(), StringIO()
    call_command("load_prices", stdout=first)
    call_command("load_prices", stdout=second)
    count = len(read_book())
    assert f"{count} added" in first.getvalue()
    assert f"0 added, 0 superseded, 0 closed, 0 of the operator kept, {count} unchanged" in (
        second.getvalue()
    )
