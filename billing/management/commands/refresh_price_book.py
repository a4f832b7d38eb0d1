"""Write the cloud vendors' pages of the price book from the installed genai-prices.

For developers: review the difference, then commit it. The product itself never imports
genai-prices.
"""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.price_book import FOLDER
from costcontrol.lib.clock import now

# What is on sale and speaks text. A dated name is listed only where its price differs from the
# undated one.
MODELS: dict[str, tuple[str, ...]] = {
    "anthropic": (
        "claude-haiku-4-5", "claude-haiku-5-5", "claude-sonnet-4-5", "claude-sonnet-4-6",
        "claude-sonnet-5", "claude-sonnet-5-5", "claude-opus-4-5", "claude-opus-4-6",
        "claude-opus-4-7", "claude-opus-4-8", "claude-opus-5", "claude-opus-5-5",
        "claude-fable-5", "claude-fable-5-1", "claude-fable-5-2",
    ),
    "openai": (
        "gpt-6-luna", "gpt-6-sol", "gpt-6-astra", "gpt-6.1-sol", "gpt-6.1-terra",
        "gpt-5.6-luna", "gpt-5.6-sol", "gpt-5.6-terra", "gpt-5.5", "gpt-5.4", "gpt-5.4-mini",
        "gpt-5.4-nano", "gpt-5.2", "gpt-5.1", "gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-4.1",
        "gpt-4.1-mini", "gpt-4.1-nano", "gpt-4o", "gpt-4o-2024-05-13", "gpt-4o-mini",
        "gpt-4-turbo", "gpt-4", "gpt-3.5-turbo", "o3", "o4-mini",
        "text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002",
    ),
}
BATCH = {"processing": "batch"}
SMALLEST = Decimal("0.000001")  # six decimals are stored


class Command(BaseCommand):
    help = "Writes billing/price_book/{anthropic,openai}.json from genai-prices (development only)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--folder", type=Path, default=FOLDER)
        parser.add_argument(
            "--from", dest="start", type=date.fromisoformat, default=now().date(),
            help="first day on which new models have these prices (UTC, default today)",
        )

    def handle(self, *, folder: Path, start: date, **options: Any) -> None:
        source = genai_source()
        for provider_id, names in MODELS.items():
            page = page_of(source, provider_id, names, start)
            path = folder / f"{provider_id}.json"
            path.write_text(page_text(page))
            self.stdout.write(f"{path}: {len(page['rows'])} rows")


def genai_source() -> Any:
    try:
        from genai_prices import data_snapshot
    except ImportError:
        raise CommandError(
            "genai-prices is not installed; it comes with requirements-dev.txt."
        ) from None
    return data_snapshot.get_snapshot()


def page_of(source: Any, provider_id: str, names: tuple[str, ...], start: date) -> dict[str, Any]:
    provider = next(one for one in source.providers if one.id == provider_id)
    models = {model.id: model for model in provider.models}
    if missing := [name for name in names if name not in models]:
        raise CommandError(f"genai-prices no longer lists {', '.join(missing)}; edit MODELS.")
    at = datetime.combine(start, time(0), UTC)
    return {
        "provider": provider_id,
        "source": f"genai-prices {version('genai-prices')}, {provider.pricing_urls[0]}",
        "source_date": now().date().isoformat(),
        "effective_from": at.isoformat(),
        "rows": [row for name in names for row in model_rows(models[name], at)],
    }


def model_rows(model: Any, at: datetime) -> Iterator[dict[str, Any]]:
    yield from tier_rows(model, model.get_prices(at))
    # An unknown context silently gives the standard price: ask only where a variant exists.
    if has_batch_price(model, at):
        for row in tier_rows(model, model.get_prices(at, BATCH)):
            yield {"model": row.pop("model"), "processing": "batch"} | row


def has_batch_price(model: Any, at: datetime) -> bool:
    variants = [one for one in model.price_variants or () if one.when == BATCH]
    return any(one.constraint is None or one.constraint.active(at) for one in variants)


def tier_rows(model: Any, prices: Any) -> Iterator[dict[str, Any]]:
    """One row per prompt length. genai-prices counts "more than", we count "from"."""
    columns = price_columns(prices)
    starts = {tier.start + 1 for column in columns.values() for tier in tiers_of(column)}
    for start in (0, *sorted(starts)):
        numbers = {name: price_at(column, start) for name, column in columns.items()}
        row = {"model": model.id} | ({"min_input_tokens": start} if start else {})
        yield row | {name: exact(number) for name, number in numbers.items() if number is not None}


def price_columns(prices: Any) -> dict[str, Any]:
    """A vendor without a price for cached input bills it as any other input."""
    searches = prices.web_searches_kcount
    return {
        "fresh_input": prices.input_mtok,
        "cache_read": prices.cache_read_mtok or prices.input_mtok,
        "cache_write": prices.cache_write_mtok or prices.input_mtok,
        "output": prices.output_mtok,
        "search_usd": searches and searches / 1000,
    }


def tiers_of(column: Any) -> list[Any]:
    return getattr(column, "tiers", [])


def price_at(column: Any, start: int) -> Decimal | None:
    base: Decimal | None = getattr(column, "base", column)
    reached: list[Decimal] = [tier.price for tier in tiers_of(column) if tier.start < start]
    return reached[-1] if reached else base


def exact(number: Decimal) -> str:
    if number != number.quantize(SMALLEST):
        raise CommandError(f"{number} has more than six decimals, which ModelPrice cannot store.")
    return format(number.normalize(), "f")


def page_text(page: dict[str, Any]) -> str:
    """JSON with one row per line, so that a review reads like a table."""
    head = json.dumps({name: page[name] for name in page if name != "rows"}, indent=0)
    rows = ",\n".join(json.dumps(row) for row in page["rows"])
    return f'{head[:-2]},\n"rows": [\n{rows}\n]}}\n'
