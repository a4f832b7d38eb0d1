"""One customer's year under every kind of disorder: what they have after each step at once, and
after one look at all customers. The table is kept: artifacts/chaos.txt
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

from billing.payments import services
from billing.payments.sync import look_begin
from tests.billing.payments.conftest import Shopper, deliver, post

pytestmark = pytest.mark.postgresql
TABLE = Path(settings.BASE_DIR) / "artifacts" / "chaos.txt"
BAD_CARD = "4000000000000341"  # is accepted, and fails when it is charged
DISORDERS: Mapping[str, Mapping[str, Any]] = {
    "each notice once": {},
    "half come twice, in any order": {"duplicate": 0.5, "reorder": True},
    "30% lost, 30% twice, in any order": {"drop": 0.3, "duplicate": 0.3, "reorder": True},
    "all lost": {"drop": 1.0},
    "the worker is killed in each": {},
}


class Killed(Exception):
    pass


def fails_to_pay(mina: Shopper) -> None:
    mina.stripe.card(mina.customer.stripe_id or "", BAD_CARD)
    mina.stripe.advance(days=32)


# what happens, and the plan that is due then
YEAR: tuple[tuple[str, Callable[[Shopper], object], str], ...] = (
    ("premium is bought", lambda mina: mina.buys("premium_month_usd"), "premium"),
    ("enterprise is taken", lambda mina: mina.changes("enterprise_month_usd"), "enterprise"),
    ("premium is to follow", lambda mina: mina.changes("premium_month_usd"), "enterprise"),
    ("the next month begins", lambda mina: mina.stripe.advance(days=32), "premium"),
    ("the card fails", fails_to_pay, "premium"),
    ("it fails to the end", lambda mina: mina.stripe.advance(days=14), "free"),
    ("premium is bought again", lambda mina: mina.buys("premium_month_usd"), "premium"),
    ("it is cancelled",
     lambda mina: services.cancel(customer=mina.customer, now=mina.now), "premium"),
    ("the month ends", lambda mina: mina.stripe.advance(days=35), "free"),
)  # fmt: skip


@transaction.atomic
def look_and_die(mina: Shopper) -> None:
    mina.looks()
    raise Killed


def a_worker_dies(mina: Shopper) -> None:
    """After Stripe has answered and before anything is committed. The next one goes on."""
    mina.stripe.deliver(post)
    look_begin(mina.customer)
    with pytest.raises(Killed):
        look_and_die(mina)


def year(mina: Shopper, *, is_killed: bool) -> Iterator[tuple[str, str, str, str]]:
    """(what happened, what is due, what they have at once, and after one look at everybody)."""
    for name, happens, due in YEAR:
        happens(mina)
        if is_killed:
            a_worker_dies(mina)
        deliver(mina.stripe)
        at_once = mina.tier
        services.reconcile(changed_since=None, now=mina.now)
        yield name, due, at_once, mina.tier


@pytest.mark.parametrize("disorder", DISORDERS)
def test_plan_is_right_at_once_or_after_one_look(mina: Shopper, disorder: str) -> None:
    chaos = DISORDERS[disorder]
    mina.stripe.chaos(**chaos)
    lived = list(year(mina, is_killed="killed" in disorder))
    keep(disorder, lived)
    assert [(name, after) for name, _due, _at_once, after in lived] == [
        (name, due) for name, due, _at_once, _after in lived
    ]
    if not chaos.get("drop"):
        assert [at_once for _name, _due, at_once, _after in lived] == [due for _, due, *_ in lived]


def keep(disorder: str, lived: list[tuple[str, str, str, str]]) -> None:
    """Under the heading of this disorder and this database, in place of what stood there."""
    heading = f"## {disorder} ({settings.DATABASES['default']['ENGINE'].rpartition('.')[2]})"
    lines = [f"{name:26} {due:12} {at:12} {after}" for name, due, at, after in lived]
    columns = f"{'':26} {'due':12} {'at once':12} after one look"
    TABLE.parent.mkdir(exist_ok=True)
    before = TABLE.read_text() if TABLE.exists() else ""
    others = [part for part in before.split("\n\n") if part and not part.startswith(heading)]
    TABLE.write_text("\n\n".join([*others, "\n".join([heading, columns, *lines])]))
