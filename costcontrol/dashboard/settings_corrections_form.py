"""What somebody types to correct a price of the past, and what of it is wrong. Nothing typed is
lost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from billing.corrections import RightPrice, check_kept
from billing.models import ModelPrice
from costcontrol.dashboard import settings_price_form
from costcontrol.dashboard.settings_price_form import NUMBERS, PriceForm
from costcontrol.lib.errors import BadRequest
from costcontrol.lib.sentences import said as told

RANGE = ("start", "end")
MAX_REASON = 300
SHOWN = "%Y-%m-%d %H:%M"
FIRST_YEAR = 2000  # as of sources; years near 1 are none in every zone


@dataclass
class CorrectionForm:
    """`price`: the numbers and their source, as on the form of a new price."""

    price: PriceForm
    said: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    start: datetime | None = None
    end: datetime | None = None

    @property
    def is_valid(self) -> bool:
        return not self.errors

    @property
    def right(self) -> RightPrice:
        """Only of a valid form."""
        new = self.price.new
        return RightPrice(
            source=new.source, source_date=new.source_date,
            **{name: self.price.numbers[name] for name in NUMBERS},
        )


def blank(row: ModelPrice, *, now: datetime) -> CorrectionForm:
    """With the numbers of the row and the time that it held: so little is left to type."""
    zone = ZoneInfo(settings.DEFAULT_ZONE)
    price = settings_price_form.blank(row, today=now.astimezone(zone).date())
    is_over = row.superseded_at is not None and row.superseded_at <= now
    end = row.superseded_at.astimezone(zone) if is_over and row.superseded_at else None
    said = {
        "start": row.effective_from.astimezone(zone).strftime(SHOWN),
        "end": end.strftime(SHOWN) if end else "", "reason": "",
    }
    return CorrectionForm(price, price.said | said)


def checked(row: ModelPrice, sent: Mapping[str, str], *, now: datetime) -> CorrectionForm:
    price = settings_price_form.checked(row, {**sent, "effective_from": ""}, now=now)
    said = price.said | {
        name: " ".join(sent.get(name, "").replace("\x00", "").split())[:MAX_REASON]
        for name in (*RANGE, "reason")
    }
    form = CorrectionForm(price, said, price.errors)
    form.start = _moment(form, "start")
    form.end = _moment(form, "end") if said["end"] else now
    _check_range(form, now)
    if not said["reason"]:
        form.errors["reason"] = _("Write why: whoever reads the books later asks for it.")
    if not price.errors and _is_same(row, form):
        form.errors["fresh_input"] = _("These are the numbers of the book. Write the right ones.")
    return form


def _is_same(row: ModelPrice, form: CorrectionForm) -> bool:
    """Of a range in which nothing else was in the book: there is nothing to correct."""
    others = ModelPrice.objects.filter(
        provider=row.provider, model=row.model, processing=row.processing,
        min_input_tokens=row.min_input_tokens,
    ).exclude(pk=row.pk)
    is_alone = not others.exists()
    return is_alone and all(form.price.numbers[name] == getattr(row, name) for name in NUMBERS)


def _moment(form: CorrectionForm, name: str) -> datetime | None:
    """In UTC: PostgreSQL does not know every offset that may be typed."""
    try:
        moment = datetime.fromisoformat(form.said[name])
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(settings.DEFAULT_ZONE))
        moment = moment.astimezone(UTC)
        if moment.year < FIRST_YEAR:
            raise ValueError
    except (ValueError, OverflowError):
        form.errors[name] = _("Write a day and time, as 2026-11-01 00:00.")
        return None
    return moment


def _check_range(form: CorrectionForm, now: datetime) -> None:
    if form.end and form.end > now:
        form.errors["end"] = _(
            "A correction ends now at the latest: for calls to come, write down a new price. Leave "
            "this empty for now."
        )
    if form.start is None or form.end is None:
        return
    if form.start >= form.end:
        form.errors["start"] = _("The range begins after its end. Choose an earlier start.")
        return
    try:
        check_kept(form.start)
    except BadRequest as error:
        form.errors["start"] = told(error.message)
