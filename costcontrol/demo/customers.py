"""Who pays on the made-up platform: subscriptions, invoices and credit, consistent with the calls.

They are rows of our own mirror alone: these customers have no id at Stripe, so nobody there is
asked about them, and what looks at Stripe leaves them as they are. Whoever buys something in the
demo becomes a customer of the simulated Stripe like everybody else.

A subscription begins before the first call on its plan and ends after the last one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zlib import crc32

from django.db import transaction

from accounts.models import AuditEvent, Organisation, User
from billing import credits
from billing.models import CreditPack, Customer, Invoice, PlanPrice, Subscription
from costcontrol.demo.people import SHARED, Person, everybody
from costcontrol.demo.scenario import ZONE, Scenario

CURRENCIES = {"ko": "krw", "en": "usd"}
CARDS = ("visa 4242", "mastercard 4444", "amex 0005")
LATE, YEARLY, REFUNDED, DISPUTED = (
    "member-008", "jihoon@mail.example", "grace@mail.example", "member-017",
)
LATE_FOR = timedelta(days=3)
TRIAL = timedelta(days=14)
BUYERS = {"seoyeon@mail.example": "small", "member-001": "medium"}  # of credit packs
FREE = "free"


@dataclass(frozen=True, slots=True)
class Contract:
    """Who pays for which plan, from when to when. `trial_end`: nothing is paid before."""

    person: Person
    price: PlanPrice
    begin: datetime
    end: datetime | None = None
    trial_end: datetime | None = None

    @property
    def name(self) -> str:
        return self.person.name

    @property
    def is_late(self) -> bool:
        return self.name == LATE

    def periods(self, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Paid ones, up to the one that runs."""
        step = 12 if self.price.interval == PlanPrice.Interval.YEAR else 1
        first = self.trial_end or self.begin
        for number in range(0, 400, step):
            start = months_after(first, number)
            if start >= (self.end or now):
                return
            yield start, months_after(first, number + step)


@transaction.atomic
def furnish(scenario: Scenario) -> None:
    prices = {row.lookup_key: row for row in PlanPrice.objects.all()}
    for person in payers():
        contract = _contract(person, prices, scenario)
        customer = _customer(contract)
        _subscription(customer, contract, scenario.now)
        _invoices(customer, contract, scenario.now)
        if contract.end:
            _left(customer, contract.end)
        if person.name in BUYERS:
            _pack(customer, BUYERS[person.name], scenario.now - timedelta(days=20))


def payers() -> Iterator[Person]:
    """People with a plan that costs something, and organisations once."""
    for person in everybody():
        if person.tier != FREE and person.account not in SHARED:
            yield person
    for email in SHARED:
        yield Person(email, "", "enterprise", "ko", 0.0, 0.0)


def _contract(person: Person, prices: dict[str, PlanPrice], scenario: Scenario) -> Contract:
    interval = "year" if person.name == YEARLY else "month"
    price = prices[f"{person.tier}_{interval}_{CURRENCIES[person.language]}"]
    begin = _begin(person, scenario)
    if person.name == LATE:
        begin = _due_at(scenario.now - LATE_FOR, before=begin)
    end = _day(scenario, person.leaves) if person.leaves <= 1 else None
    trial_end = begin + TRIAL
    is_trial = interval == "month" and trial_end > scenario.now
    return Contract(person, price, begin, end, trial_end if is_trial else None)


def _begin(person: Person, scenario: Scenario) -> datetime:
    """On the morning of the day they join; the first ones came in the month before."""
    joined = _day(scenario, person.joins)
    return joined if person.joins else joined - timedelta(days=_drawn(person, 27) + 1)


def _day(scenario: Scenario, part: float) -> datetime:
    """The first morning on which so much of the time has passed."""
    ago = int((1 - part) * max(1, scenario.days - 1))
    return datetime.combine(scenario.day(ago), time(0), ZONE).astimezone(UTC)


def _due_at(due: datetime, *, before: datetime) -> datetime:
    """A beginning whose monthly periods have an edge at `due`."""
    months = next(number for number in range(1, 60) if months_after(due, -number) <= before)
    return months_after(due, -months)


def months_after(start: datetime, months: int) -> datetime:
    """The same day of another month; the last days of long ones become the 28th."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return start.replace(year=year, month=month + 1, day=min(start.day, 28))


def _customer(contract: Contract) -> Customer:
    person = contract.person
    account = User.objects.get(email=person.account)
    owner = account if not person.end_user else account.end_users.get(external_id=person.end_user)
    name = SHARED.get(person.name)
    whose = {"organisation": Organisation.objects.get(name=name)} if name else {"user": owner}
    is_disputed = person.name == DISPUTED
    return Customer.objects.create(
        **whose, base_tier_id=FREE, currency=contract.price.currency,
        card=CARDS[_drawn(person, len(CARDS))],
        frozen_at=contract.begin + timedelta(days=5) if is_disputed else None,
        frozen_reason="a payment is disputed" if is_disputed else "",
    )


def _subscription(customer: Customer, contract: Contract, now: datetime) -> None:
    periods = [*contract.periods(now)] or [(contract.begin, contract.trial_end or now)]
    start, end = periods[-1]
    status = "canceled" if contract.end else "trialing" if contract.trial_end else "active"
    Subscription.objects.create(
        customer=customer, stripe_id=f"sub_demo_{contract.name}",
        status="past_due" if contract.is_late else status,
        tier=contract.price.tier, price_id=contract.price.lookup_key,
        currency=contract.price.currency, amount_minor=contract.price.amount_minor,
        interval=contract.price.interval, started_at=contract.begin, period_start=start,
        period_end=end, trial_end=contract.trial_end, ended_at=contract.end,
        past_due_since=start if contract.is_late else None, seen_at=now,
    )


def _invoices(customer: Customer, contract: Contract, now: datetime) -> None:
    periods = [*contract.periods(now)]
    for number, (start, _end) in enumerate(periods, start=1):
        is_open = contract.is_late and number == len(periods)
        total = contract.price.amount_minor
        is_refunded = contract.name == REFUNDED and number == 2
        Invoice.objects.create(
            customer=customer, stripe_id=f"in_demo_{contract.name}_{number}",
            number=f"DEMO-{customer.pk:04d}-{number:02d}", status="open" if is_open else "paid",
            subject=contract.price.tier.title, currency=contract.price.currency,
            total_minor=total, paid_minor=0 if is_open else total,
            refunded_minor=total // 2 if is_refunded else 0, tries=2 if is_open else 1,
            created_at=start, paid_at=None if is_open else start + timedelta(minutes=1),
            next_try_at=now + timedelta(days=2) if is_open else None,
        )


def _left(customer: Customer, at: datetime) -> None:
    """They are on the free plan since."""
    assert customer.user is not None
    before, customer.user.tier_id = customer.user.tier_id, FREE
    customer.user.save(update_fields=["tier"])
    event = AuditEvent.objects.create(
        actor="command demo", action="tier_change", target=str(customer.user),
        before={"tier": before}, after={"tier": FREE, "because": {"demo": "subscription ended"}},
    )
    AuditEvent.objects.filter(pk=event.pk).update(at=at)


def _pack(customer: Customer, name: str, at: datetime) -> None:
    pack = CreditPack.objects.get(pk=name)
    price = pack.prices.get(currency=customer.currency)
    credits.grant(
        customer=customer, source=f"demo:{name}:{customer.pk}", nanos=pack.credit_nanos,
        expires_at=at + timedelta(days=pack.valid_days), now=at,
    )
    Invoice.objects.create(
        customer=customer, stripe_id=f"in_demo_pack_{customer.pk}",
        number=f"DEMO-{customer.pk:04d}-P1", status="paid", subject=f"Credit pack {name}",
        currency=customer.currency, total_minor=price.amount_minor, paid_minor=price.amount_minor,
        tries=1, created_at=at, paid_at=at,
    )


def _drawn(person: Person, below: int) -> int:
    return crc32(person.name.encode()) % below
