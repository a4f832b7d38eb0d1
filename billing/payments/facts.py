"""What Stripe said about one customer at one look: frozen values, read once from its objects."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

METADATA_REQUEST = "costcontrol_request"  # on payments: our StripeRequest
METADATA_CUSTOMER = "costcontrol_customer"


@dataclass(frozen=True, slots=True)
class PriceFacts:
    id: str
    lookup_key: str = ""
    product: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Under which it may be known to us, the surest first."""
        return self.id, self.lookup_key, self.product


@dataclass(frozen=True, slots=True)
class SubscriptionFacts:
    id: str
    status: str
    prices: tuple[PriceFacts, ...]
    currency: str
    amount_minor: int
    interval: str
    started_at: datetime | None
    period_start: datetime | None
    period_end: datetime | None
    trial_end: datetime | None
    is_ending: bool
    schedule_id: str
    next_price: PriceFacts | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class InvoiceFacts:
    id: str
    number: str
    status: str
    subject: str
    subscription_id: str
    currency: str
    total_minor: int
    paid_minor: int
    tries: int
    created_at: datetime
    due_since: datetime
    paid_at: datetime | None
    next_try_at: datetime | None
    page_url: str
    pdf_url: str
    payment_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PaymentFacts:
    """One payment: of an invoice, a credit pack or a top-up."""

    id: str
    status: str
    currency: str
    received_minor: int
    request: str  # the id of our row, as Stripe repeats it
    created_at: datetime
    charge_id: str = ""
    charged_minor: int = 0
    refunded_minor: int = 0
    disputes: tuple[tuple[str, str], ...] = ()  # id, status

    @property
    def is_refunded_in_full(self) -> bool:
        return 0 < self.charged_minor <= self.refunded_minor

    @property
    def lost_disputes(self) -> tuple[str, ...]:
        """Lost, or not decided yet."""
        return tuple(id for id, status in self.disputes if status not in DISPUTES_OVER)


DISPUTES_OVER = ("won", "warning_closed")


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    is_deleted: bool = False
    currency: str = ""
    card: str = ""
    card_id: str = ""
    subscriptions: tuple[SubscriptionFacts, ...] = ()
    invoices: tuple[InvoiceFacts, ...] = ()
    payments: tuple[PaymentFacts, ...] = ()


def moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def id_of(value: Any) -> str:
    """Of something that Stripe gives as an id or, expanded, as an object."""
    if value is None:
        return ""
    return value if isinstance(value, str) else str(value.id)


def subscription_facts(it: Any) -> SubscriptionFacts:
    items = it["items"].data
    first = items[0]
    return SubscriptionFacts(
        id=it.id, status=it.status,
        prices=tuple(
            PriceFacts(item.price.id, item.price.lookup_key or "", id_of(item.price.product))
            for item in items
        ),
        currency=it.currency,
        amount_minor=sum((item.price.unit_amount or 0) * (item.quantity or 1) for item in items),
        interval=first.price.recurring.interval if first.price.recurring else "month",
        started_at=moment(it.start_date), period_start=moment(first.current_period_start),
        period_end=moment(first.current_period_end), trial_end=moment(it.trial_end),
        is_ending=bool(it.cancel_at_period_end or it.cancel_at), schedule_id=id_of(it.schedule),
        next_price=_next_price(it.schedule), ended_at=moment(it.ended_at),
    )


def _next_price(schedule: Any) -> PriceFacts | None:
    """Of the phase after the current one."""
    if schedule is None or isinstance(schedule, str) or schedule.current_phase is None:
        return None
    later = [it for it in schedule.phases if it.start_date >= schedule.current_phase.end_date]
    return PriceFacts(id_of(later[0]["items"][0].price)) if later else None


def _main_line(it: Any) -> str:
    """What is paid for. An upgrade has two lines, and the first one gives back what is left."""
    lines = it.lines.data
    return max(lines, key=lambda line: line.amount).description or "" if lines else ""


def invoice_facts(it: Any) -> InvoiceFacts:
    details = it.parent and it.parent.subscription_details
    return InvoiceFacts(
        id=it.id, number=it.number or "", status=it.status or "draft",
        subject=(it.description or _main_line(it) or "")[:200],
        subscription_id=id_of(details.subscription) if details else "",
        currency=it.currency, total_minor=it.total, paid_minor=it.amount_paid,
        tries=it.attempt_count, created_at=datetime.fromtimestamp(it.created, UTC),
        due_since=datetime.fromtimestamp(it.status_transitions.finalized_at or it.created, UTC),
        paid_at=moment(it.status_transitions.paid_at),
        next_try_at=moment(it.next_payment_attempt),
        page_url=it.hosted_invoice_url or "", pdf_url=it.invoice_pdf or "",
        payment_ids=_payment_ids(it),
    )


def _payment_ids(invoice: Any) -> tuple[str, ...]:
    payments = getattr(invoice, "payments", None)
    rows = payments.data if payments is not None else ()
    return tuple(id_of(row.payment.payment_intent) for row in rows if row.payment.payment_intent)


def payment_facts(it: Any, *, disputes: tuple[tuple[str, str], ...] = ()) -> PaymentFacts:
    charge = it.latest_charge
    metadata = it.metadata.to_dict() if it.metadata is not None else {}
    return PaymentFacts(
        id=it.id, status=it.status, currency=it.currency, received_minor=it.amount_received,
        request=metadata.get(METADATA_REQUEST, ""),
        created_at=datetime.fromtimestamp(it.created, UTC), charge_id=id_of(charge),
        charged_minor=charge.amount_captured if charge is not None else 0,
        refunded_minor=charge.amount_refunded if charge is not None else 0, disputes=disputes,
    )


def card_text(method: Any) -> str:
    card = getattr(method, "card", None)
    return f"{card.brand} {card.last4}" if card is not None else ""
