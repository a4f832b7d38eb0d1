"""The price book on the page of settings: what is in force, what was, and what is planned."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.models import ModelPrice, PriceCorrection
from billing.prices import ANY_MODEL, PriceTable
from billing.reports.price_effect import PriceEffect
from costcontrol.dashboard.components import (
    Cell,
    Column,
    Kind,
    Table,
    Tone,
    badge,
    count,
    link,
    money,
    text,
    when,
)
from costcontrol.dashboard.csvs import Row
from routing.models import Deployment


def bucket_names() -> dict[str, str]:
    return {
        "fresh_input": _("fresh input"), "cache_read": _("cache read"),
        "cache_write": _("cache write"), "output": _("output"),
    }


def in_force(*, now: datetime) -> list[ModelPrice]:
    open_now = Q(superseded_at__isnull=True) | Q(superseded_at__gt=now)
    rows = ModelPrice.objects.filter(open_now, effective_from__lte=now)
    return list(rows.order_by("provider", "model", "-processing", "min_input_tokens"))


def billing_now(rows: Iterable[ModelPrice], *, now: datetime) -> list[ModelPrice]:
    """Those that a model which is set up here is billed by, for requests of any size."""
    prices = PriceTable.load(now)
    named = {
        (price.provider, price.model)
        for found in Deployment.objects.all()
        for price in prices.tiers(found.price_provider or found.provider, found.model)
    }
    return [row for row in rows if (row.provider, row.model) in named]


def history(row: ModelPrice) -> list[ModelPrice]:
    """Of the same key, the newest first."""
    rows = ModelPrice.objects.filter(
        provider=row.provider, model=row.model, processing=row.processing,
        min_input_tokens=row.min_input_tokens,
    )
    return list(rows.order_by("-effective_from", "-pk"))


def billed_by(row: ModelPrice, *, now: datetime) -> tuple[str, ...]:
    """The deployments that this row is a price of."""
    prices = PriceTable.load(now)
    return tuple(
        found.name for found in Deployment.objects.order_by("name")
        if any(
            price.model == row.model and price.provider == row.provider
            for price in prices.tiers(found.price_provider or found.provider, found.model)
        )
    )


def usd_of(value: Decimal | None) -> Cell:
    return Cell(Kind.RATE, None if value is None else f"${value.normalize():f}")


def rates(row: ModelPrice | PriceCorrection) -> tuple[Cell, ...]:
    return tuple(map(usd_of, (row.fresh_input, row.cache_read, row.cache_write, row.output)))


def rate_columns() -> tuple[Column, ...]:
    names = (_("Input"), _("Cache read"), _("Cache write"), _("Output"))
    return tuple(Column(name, is_number=True) for name in names)


def kind_of(row: ModelPrice | PriceCorrection) -> str:
    """What of the model's calls it is for; empty: all."""
    parts = []
    if row.processing != ModelPrice.Processing.STANDARD:
        parts.append(str(ModelPrice.Processing(row.processing).label))
    if row.min_input_tokens:
        parts.append(_("from %(n)s input tokens") % {"n": f"{row.min_input_tokens:,}"})
    return ", ".join(parts)


def name_of(row: ModelPrice | PriceCorrection) -> str:
    model = _("any other model") if row.model == ANY_MODEL else row.model
    return f"{row.provider}/{model}"


def book_table(rows: Iterable[ModelPrice], *, zone: str, is_all: bool) -> Table:
    columns = (Column(_("Model")), *rate_columns(), Column(_("Since")), Column(_("Source")))
    found = tuple(
        (
            link(name_of(row), reverse("dashboard:settings_price", args=[row.pk]),
                 note=kind_of(row)),
            *rates(row), when(row.effective_from, zone=zone),
            text(row.source, note=row.source_date.isoformat()),
        )
        for row in rows
    )
    return Table(
        _("Prices in force"), columns, found, is_caption_hidden=True,
        empty_text=_("There is no price, so no model is called. Load them: manage.py load_prices.")
        if is_all else _("No model that is set up here has a price, so none is called."),
    )


def history_table(rows: Iterable[ModelPrice], *, zone: str, now: datetime) -> Table:
    columns = (
        Column(_("From")), Column(_("Until")), Column(_("State")), *rate_columns(),
        Column(_("For a search"), is_number=True), Column(_("Source")),
    )
    found = tuple(
        (
            when(row.effective_from, zone=zone), when(row.superseded_at, zone=zone),
            _state(row, now), *rates(row), usd_of(row.search_usd),
            text(row.source, note=row.source_date.isoformat()),
        )
        for row in rows
    )
    return Table(_("All prices it had"), columns, found, is_caption_hidden=True)


def _state(row: ModelPrice, now: datetime) -> Cell:
    if row.effective_from > now:
        return badge(_("planned"), Tone.WARN)
    if row.superseded_at is None or row.superseded_at > now:
        return badge(_("in force"), Tone.OK)
    return badge(_("over"))


def effect_table(effect: PriceEffect) -> Table:
    names = bucket_names()
    rows = [
        (
            text(names[each.name]), count(each.tokens), money(each.old_nanos, places=4),
            money(each.new_nanos, places=4),
            money(None if each.old_nanos is None else each.new_nanos - each.old_nanos, places=4),
        )
        for each in effect.buckets
    ]
    old = effect.old_nanos
    rows.append((
        text(_("all four")), count(sum(each.tokens for each in effect.buckets)),
        money(old, places=4), money(effect.new_nanos, places=4),
        money(None if old is None else effect.new_nanos - old, places=4),
    ))
    columns = (Column(_("Tokens")), *(Column(name, is_number=True) for name in (
        _("How many"), _("At the price now"), _("At the new price"), _("More or less")
    )))
    return Table(_("The last 30 days at both prices"), columns, tuple(rows), is_caption_hidden=True)


def csv_rows() -> Iterator[Row]:
    """The whole book, with everything that is over."""
    yield (
        "provider", "model", "processing", "min_input_tokens", "fresh_input_usd", "cache_read_usd",
        "cache_write_usd", "output_usd", "search_usd", "effective_from", "superseded_at", "source",
        "source_date",
    )
    order = ("provider", "model", "processing", "min_input_tokens", "effective_from")
    for row in ModelPrice.objects.order_by(*order):
        yield (
            row.provider, row.model, row.processing, row.min_input_tokens, row.fresh_input,
            row.cache_read, row.cache_write, row.output, row.search_usd,
            row.effective_from.isoformat(),
            row.superseded_at.isoformat() if row.superseded_at else None, row.source,
            row.source_date.isoformat(),
        )
