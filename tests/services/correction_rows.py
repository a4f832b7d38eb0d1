"""A correction of a price, counted and not posted, for pages and walks."""

from datetime import date, datetime
from decimal import Decimal

from billing import corrections, corrections_work
from billing.corrections import RightPrice
from billing.models import ModelPrice, PriceCorrection
from costcontrol.lib import clock

RIGHT = RightPrice(
    fresh_input=Decimal("3.5"), cache_read=Decimal("0.35"), cache_write=Decimal("4.375"),
    output=Decimal("17"), search_usd=Decimal("0.01"), source="operator: the contract",
    source_date=date(2026, 11, 24),
)


def correction_make(
    price: ModelPrice, *, start: datetime, end: datetime, actor: str = "test"
) -> PriceCorrection:
    made = corrections.correction_make(
        price, RIGHT, start=start, end=end, reason="typed wrong", actor=actor, now=clock.now()
    )
    corrections_work.work(clock.now)
    made.refresh_from_db()
    return made
