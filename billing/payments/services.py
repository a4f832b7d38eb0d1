"""What pages, tasks and commands may call. Everything that asks Stripe raises `PaymentsOff` without
a key, and `PaymentRefused`, `Conflict`, `BadRequest` with a sentence for the customer.
"""

from billing.payments.catalogue import offers as offers
from billing.payments.catalogue import pack_offers as pack_offers
from billing.payments.changes import cancel as cancel
from billing.payments.changes import change_preview as change_preview
from billing.payments.changes import plan_change_begin as plan_change_begin
from billing.payments.changes import resume as resume
from billing.payments.checkout import checkout_begin as checkout_begin
from billing.payments.checkout import pack_begin as pack_begin
from billing.payments.client import is_on as is_on
from billing.payments.customers import base_tier_set as base_tier_set
from billing.payments.customers import customer_of as customer_of
from billing.payments.customers import payer_of_customer as payer_of_customer
from billing.payments.overage import overage_bill as overage_bill
from billing.payments.portal import portal_begin as portal_begin
from billing.payments.reconcile import reconcile as reconcile
from billing.payments.sync import sync as sync
from billing.payments.topup import top_up as top_up
from billing.payments.types import Changed as Changed
from billing.payments.types import Preview as Preview
from billing.payments.types import PreviewLine as PreviewLine
from billing.payments.types import Reconciled as Reconciled
from billing.payments.types import Synced as Synced
