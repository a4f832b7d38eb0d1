"""A new price as somebody types it, what of it is wrong, and what it would change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from billing.models import ModelPrice
from billing.price_book import OPERATOR
from billing.prices import NewPrice
from billing.reports.price_effect import PriceEffect, price_effect
from costcontrol import formats
from costcontrol.dashboard.settings_prices import billed_by, history

NUMBERS = ("fresh_input", "cache_read", "cache_write", "output", "search_usd")
FIELDS = (*NUMBERS, "effective_from", "source", "source_date")
MAX_TYPED = 180
MAX_PRICE = 10**6  # USD for a million tokens: more is a slip of the keyboard
PLACES = 6
LATEST = timedelta(days=366)
SLACK = timedelta(minutes=1)


@dataclass
class PriceForm:
    """`said`: what stands in the fields. `at` None: from the moment that it is saved."""

    row: ModelPrice
    said: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, Decimal] = field(default_factory=dict)
    at: datetime | None = None
    source_date: date | None = None

    @property
    def is_valid(self) -> bool:
        return not self.errors

    @property
    def fields(self) -> list[tuple[str, str, str, str]]:
        """Name, label, value, error of each number."""
        labels = {
            "fresh_input": _("Input"), "cache_read": _("Cache read"),
            "cache_write": _("Cache write"), "output": _("Output"),
            "search_usd": _("One search, US$"),
        }
        return [
            (name, labels[name], self.said[name], self.errors.get(name, "")) for name in NUMBERS
        ]

    @property
    def new(self) -> NewPrice:
        """Only of a valid form."""
        source = self.said["source"]
        marked = source if source.startswith(OPERATOR) else f"{OPERATOR}: {source}"
        assert self.source_date
        return NewPrice(
            provider=self.row.provider, model=self.row.model, processing=self.row.processing,
            min_input_tokens=self.row.min_input_tokens, source=marked,
            source_date=self.source_date, **self.numbers,
        )


def blank(row: ModelPrice, *, today: date) -> PriceForm:
    said = {name: f"{getattr(row, name).normalize():f}" for name in NUMBERS}
    return PriceForm(row, said | {
        "effective_from": "", "source": "", "source_date": today.isoformat()
    })


def checked(row: ModelPrice, sent: Mapping[str, str], *, now: datetime) -> PriceForm:
    said = {
        name: " ".join(sent.get(name, "").replace("\x00", "").split())[:MAX_TYPED]
        for name in FIELDS
    }
    form = PriceForm(row, said)
    for name in NUMBERS:
        _check_number(form, name)
    _check_start(form, now)
    if not said["source"]:
        form.errors["source"] = _("Write who says so: a page, a contract, an email.")
    _check_source_date(form, now)
    return form


def _check_number(form: PriceForm, name: str) -> None:
    try:
        value = Decimal(form.said[name].removeprefix("$"))
        if not value.is_finite() or (not -PLACES - 1 < value.adjusted() < 7 and value):
            raise InvalidOperation
        exact = value == value.quantize(Decimal(1).scaleb(-PLACES))
        if not (0 <= value <= MAX_PRICE and exact):
            raise InvalidOperation
    except InvalidOperation:
        form.errors[name] = _(
            "Write dollars, 0 or more, with at most 6 decimals, as 0.25. 0 is for free."
        )
        return
    form.numbers[name] = value


def _check_start(form: PriceForm, now: datetime) -> None:
    text = form.said["effective_from"]
    if not text:
        return
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(settings.DEFAULT_ZONE))
        is_ahead = now - SLACK <= moment <= now + LATEST
    except (ValueError, OverflowError):
        form.errors["effective_from"] = _("Write a day and time, as 2026-12-01 00:00.")
        return
    if not is_ahead:
        form.errors["effective_from"] = _(
            "A price begins now or within a year. It cannot change the past: leave this empty for "
            "now."
        )
        return
    form.at = moment.astimezone(UTC)  # PostgreSQL does not know every offset that may be typed


def _check_source_date(form: PriceForm, now: datetime) -> None:
    try:
        form.source_date = date.fromisoformat(form.said["source_date"])
        if not form.source_date.year >= 2000 or form.source_date > (now + SLACK * 1440).date():
            raise ValueError
    except ValueError:
        form.errors["source_date"] = _("Write the day on which the source was read.")


def planned(row: ModelPrice, *, now: datetime) -> ModelPrice | None:
    """A later price that is written down already."""
    return next((each for each in history(row) if each.effective_from > now), None)


def check_planned(form: PriceForm, *, now: datetime) -> None:
    later = planned(form.row, now=now)
    if later and (form.at or now) <= later.effective_from:
        form.errors["effective_from"] = _(
            "A price from %(when)s on is planned already. Choose a later start."
        ) % {"when": formats.when(later.effective_from, zone=settings.DEFAULT_ZONE)}


@dataclass(frozen=True, slots=True)
class Shown:
    """What is said before a price is saved."""

    effect: PriceEffect
    deployments: tuple[str, ...]
    notes: tuple[str, ...]


def shown(form: PriceForm, *, now: datetime) -> Shown:
    row, names = form.row, billed_by(form.row, now=now)
    effect = price_effect(
        form.new, _now_in_force(row, now), deployments=names, zone=settings.DEFAULT_ZONE, now=now
    )
    return Shown(effect, names, tuple(_notes(row, effect, names)))


def _now_in_force(row: ModelPrice, now: datetime) -> ModelPrice | None:
    return next(
        (
            each for each in history(row)
            if each.effective_from <= now
            and (each.superseded_at is None or each.superseded_at > now)
        ), None,
    )


def _notes(row: ModelPrice, effect: PriceEffect, names: tuple[str, ...]) -> list[str]:
    found = []
    if not names:
        found.append(_("No model that is set up here is billed by this price."))
    if row.processing != ModelPrice.Processing.STANDARD:
        found.append(_(
            "An estimate: tokens of batches are not added up apart, so all of the model's tokens "
            "are taken."
        ))
    others = ModelPrice.objects.filter(
        provider=row.provider, model=row.model, processing=row.processing, superseded_at=None
    ).exclude(min_input_tokens=row.min_input_tokens)
    if others.exists():
        found.append(_(
            "An estimate: this model has other prices for requests of another size, and all of its "
            "tokens are taken at this one."
        ))
    if not effect.is_whole:
        found.append(_("The hourly sums are behind for some of these days: tokens are missing."))
    return found
