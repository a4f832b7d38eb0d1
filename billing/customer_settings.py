"""What a customer has set about their money: packs that buy themselves, and when to be told."""

from django.db import transaction

from accounts.services import audit
from billing.models import CreditPack, Customer, SpendingAlert
from costcontrol.lib.errors import BadRequest, Conflict, NotFound
from costcontrol.lib.sentences import Sentence as _

MOST_ALERTS = 20
MOST_A_DAY = 10
MOST_NANOS = 100_000 * 10**9
PERCENT = (SpendingAlert.Kind.QUOTA_PERCENT, SpendingAlert.Kind.OVERAGE_PERCENT)


@transaction.atomic
def topup_set(
    *, customer: Customer, pack: str, below_nanos: int, per_day: int, actor: str
) -> None:
    """From now on the pack is bought when less credit is left, so often a day at most."""
    found = CreditPack.objects.filter(name=pack, is_offered=True).first()
    if found is None:
        raise BadRequest(_("There is no credit pack of this name. Choose one of the list."))
    if not 0 < below_nanos <= MOST_NANOS or not 1 <= per_day <= MOST_A_DAY:
        raise BadRequest(
            _("Write an amount above 0, and %(most)d packs a day at most.") % {"most": MOST_A_DAY}
        )
    if not customer.card:
        raise Conflict(
            _("There is no card to charge yet. Buy a credit pack once, then it can be repeated.")
        )
    _topup_write(customer, found.name, below_nanos, per_day, actor)


@transaction.atomic
def topup_off(*, customer: Customer, actor: str) -> None:
    _topup_write(customer, None, 0, 1, actor)


def _topup_write(
    customer: Customer, pack: str | None, below_nanos: int, per_day: int, actor: str
) -> None:
    row = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    before = _topup_of(row)
    row.topup_pack_id, row.topup_below_nanos, row.topups_per_day = pack, below_nanos, per_day
    row.save(update_fields=["topup_pack", "topup_below_nanos", "topups_per_day"])
    audit(actor, "topup_set", f"customer {row.pk}", before, _topup_of(row))


def _topup_of(row: Customer) -> dict[str, str | int | None]:
    return {
        "pack": row.topup_pack_id, "below_nanos": row.topup_below_nanos,
        "per_day": row.topups_per_day,
    }


def alert_add(*, customer: Customer, kind: str, threshold: int) -> SpendingAlert:
    """Tell this customer. The same wish twice is one."""
    if kind not in SpendingAlert.Kind.values:
        raise BadRequest(_("Choose what the alert is about."))
    most = 100 if kind in PERCENT else MOST_NANOS
    if not 0 < threshold <= most:
        raise BadRequest(_("Write a number above 0; percent go up to 100."))
    if customer.alerts.count() >= MOST_ALERTS:
        raise Conflict(_("There are %(most)d alerts already. Remove one first.")
                       % {"most": MOST_ALERTS})
    return SpendingAlert.objects.get_or_create(
        customer=customer, kind=kind, threshold=threshold
    )[0]


def alert_remove(*, customer: Customer, alert_id: int) -> None:
    """Of their own alerts only."""
    if not customer.alerts.filter(pk=alert_id).delete()[0]:
        raise NotFound(_("This alert is not there any more."))
