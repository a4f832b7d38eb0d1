"""Invoices and receipts of one customer, as Stripe described them last."""

from dataclasses import dataclass
from datetime import datetime

from billing.models import Customer, Invoice

OPEN = "open"  # waits for its money


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice, as it is shown: `is_open` waits for money."""

    number: str
    subject: str
    status: str
    currency: str
    total_minor: int
    paid_minor: int
    refunded_minor: int
    tries: int
    created_at: datetime
    paid_at: datetime | None
    next_try_at: datetime | None
    page_url: str
    pdf_url: str

    @property
    def is_open(self) -> bool:
        return self.status == OPEN

    @property
    def has_failed(self) -> bool:
        return self.status == "uncollectible" or (self.is_open and self.tries > 0)

    @property
    def left_minor(self) -> int:
        return max(self.total_minor - self.paid_minor, 0)


def bills(customer: Customer, *, only_open: bool = False, most: int = 100) -> tuple[Bill, ...]:
    """Newest first. Drafts are Stripe's own business."""
    rows = customer.invoices.exclude(status="draft")
    if only_open:
        rows = rows.filter(status=OPEN)
    return tuple(_bill(row) for row in rows[:most])


def _bill(row: Invoice) -> Bill:
    names = (name for name in Bill.__slots__)
    return Bill(**{name: getattr(row, name) for name in names})
