"""One Stripe client per process, and Stripe's failures as sentences for customers.

`stripe` is imported when it is first needed: it takes 31 MB, and most processes never ask.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings

from costcontrol.lib.errors import NotFound, PaymentRefused, PaymentsOff
from costcontrol.lib.sentences import Sentence as _

if TYPE_CHECKING:
    from stripe import StripeClient

RETRIES = 2
TIMEOUT_S = 20
LIVE_KEYS = ("sk_live_", "rk_live_")
log = logging.getLogger(__name__)


def is_on() -> bool:
    return bool(settings.STRIPE_SECRET_KEY)


def is_live() -> bool:
    """Real money: the mode that notices must have too."""
    return bool(settings.STRIPE_SECRET_KEY.startswith(LIVE_KEYS))


def stripe_client() -> "StripeClient":
    if not is_on():
        raise PaymentsOff(
            _("Nothing can be bought here: this server is not connected to Stripe. "
              "Everything else works; ask its operator to set up payments.")
        )
    return _client(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)


def api_version() -> str:
    """That of the SDK; the endpoint at Stripe should send the same."""
    import stripe

    return str(stripe.api_version)


@cache
def _client(key: str, base: str) -> "StripeClient":
    import stripe

    return stripe.StripeClient(
        key, max_network_retries=RETRIES, base_addresses={"api": base},
        http_client=stripe.RequestsClient(timeout=TIMEOUT_S),
    )


@contextmanager
def asking() -> Iterator["StripeClient"]:
    """The client; whatever Stripe refuses in here is raised as ours."""
    client = stripe_client()
    import stripe

    try:
        yield client
    except stripe.CardError as error:
        raise PaymentRefused(card_sentence(error.code or "")) from error
    except stripe.InvalidRequestError as error:
        log.error("stripe refused a request: %s", error)
        if error.code == "resource_missing":
            raise NotFound(_("Stripe does not know this any more. Load the page again.")) from error
        raise PaymentRefused(
            _("Stripe did not accept this. Nothing was charged; write to us if it happens again.")
        ) from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        log.error("stripe refuses our key: %s", error)
        raise PaymentsOff(
            _("Payments are not set up correctly on this server. Nothing was charged.")
        ) from error
    except stripe.StripeError as error:  # away, busy, broken
        log.warning("stripe: %s", error)
        raise PaymentRefused(
            _("Stripe cannot be reached right now. Try again in a minute; "
              "nothing is charged twice."), retry_after_s=60,
        ) from error


def card_sentence(code: str) -> str:
    if code == "authentication_required":
        return _("Your bank wants you to confirm this payment. Open the invoice to do so.")
    if code == "expired_card":
        return _("Your card has expired. Save another one under “Manage card”.")
    return _("Your card was declined. Nothing was charged; try another card.")


def warm_up() -> None:
    """Load the SDK before the first notice: it must be answered at once."""
    if is_on():
        stripe_client()
