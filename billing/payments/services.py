"""What pages, tasks and commands may call. Everything that asks Stripe raises `PaymentsOff` without
a key, and `PaymentRefused`, `Conflict`, `BadRequest` with a sentence for the customer.
"""

from billing.payments.catalogue import offers as offers
from billing.payments.catalogue import pack_offers as pack_offers
from billing.payments.client import is_on as is_on
from billing.payments.customers import base_tier_set as base_tier_set
from billing.payments.customers import customer_of as customer_of
from billing.payments.customers import payer_of_customer as payer_of_customer
from billing.payments.types import Changed as Changed
from billing.payments.types import Preview as Preview
from billing.payments.types import PreviewLine as PreviewLine
from billing.payments.types import Reconciled as Reconciled
from billing.payments.types import Synced as Synced
