"""Back from Stripe's payment page: what was bought should be there at once.

The address says only that somebody comes from there, and proves nothing: Stripe is asked for this
customer, and if the answer is not there yet the page says so and asks again.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse

from billing.models import Customer, StripeRequest
from billing.payments import services as payments
from billing.reports import account
from billing.reports.account import Standing
from costcontrol.account.viewer import Viewer
from costcontrol.lib.errors import CostControlError

PACK = "pack"  # the kind of a request
MOST_TRIES = 20  # then the reader decides; an email comes anyway
LONGEST = 200  # of a session's id
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Confirming:
    """`is_done`: what was bought is there. `tries`: how often this page has asked so far."""

    is_done: bool
    session: str
    tries: int

    @property
    def is_waiting(self) -> bool:
        return not self.is_done and self.tries < MOST_TRIES

    @property
    def url(self) -> str:
        """To the page, for whoever has no JavaScript."""
        return f"{reverse('mine:usage')}?{urlencode({'checkout': self.session})}"

    @property
    def part_url(self) -> str:
        query = urlencode({"checkout": self.session, "tries": self.tries + 1})
        return f"{reverse('mine:confirming')}?{query}"


def confirm(viewer: Viewer, *, session: str, tries: int, now: datetime) -> Confirming | None:
    """Ask Stripe, unless it is there already. It not answering is no error here: the page is shown
    anyway. None: this customer never began such a payment."""
    customer = account.customer_of(viewer.payer)
    session = session[:LONGEST].replace("\x00", "")
    bought = customer.requests.filter(result_id=session).first() if customer else None
    if customer is None or bought is None:
        return None
    if _is_there(customer, bought):
        return Confirming(True, session, tries)
    try:
        payments.sync(customer=customer, now=now, because="return from checkout")
    except CostControlError as error:
        log.warning("after a checkout, Stripe could not be asked: %s", error)
    return Confirming(_is_there(customer, bought), session, tries)


def _is_there(customer: Customer, bought: StripeRequest) -> bool:
    """The plan, or the credit, that this payment was for."""
    if bought.kind == PACK:
        return customer.grants.filter(granted_at__gte=bought.created_at).exists()
    standing = account.plan_state(customer).standing
    return standing not in (Standing.NONE, Standing.UNCONFIRMED, Standing.SUSPENDED)
