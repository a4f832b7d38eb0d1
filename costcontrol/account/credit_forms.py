"""What a customer sets about money beyond the plan: credit packs, a ceiling, buying by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from billing.models import Customer, PackPrice
from billing.payments import services as payments
from billing.payments.overage import minor_of
from billing.reports.account import AccountView
from costcontrol import formats
from costcontrol.account.offers import Shown
from costcontrol.lib.money import NANOS_PER_USD, from_usd, to_usd

MOST_USD = Decimal(100_000)
MOST_A_DAY = 10
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Pack:
    """One credit pack: what it holds, for how long, and what it costs. `per_dollar`: what a dollar
    of model costs comes to in it."""

    name: str
    credit_nanos: int
    price: str
    valid: str
    per_dollar: str


def packs(currency: str) -> tuple[Pack, ...]:
    """Smallest first."""
    return tuple(_pack(price) for price in payments.pack_offers(currency=currency))


def _pack(price: PackPrice) -> Pack:
    days = price.pack.valid_days
    valid = ngettext("keeps for %(days)d day", "keeps for %(days)d days", days) % {"days": days}
    return Pack(
        price.pack_id, price.pack.credit_nanos,
        formats.minor(price.amount_minor, price.currency), valid,
        formats.minor(minor_of(NANOS_PER_USD, price), price.currency),
    )


def dollars(**more: Any) -> forms.DecimalField:
    """An amount of model costs: dollars and cents, never negative, never absurd."""
    return forms.DecimalField(
        min_value=CENT, max_value=MOST_USD, decimal_places=2, max_digits=8,
        widget=forms.NumberInput(attrs={"step": "0.01", "inputmode": "decimal"}), **more,
    )


class OverageForm(forms.Form):
    """A ceiling, and the word that it may cost that much."""

    ceiling = dollars(
        label=_("At most, a month (US dollars of model costs)"),
        error_messages={"required": _("Write how much it may be at most.")},
    )
    agreed = forms.BooleanField(
        label=_("I agree to be charged for use beyond the plan, up to this amount a month."),
        error_messages={"required": _("Tick the box to agree to what it may cost.")},
    )

    @property
    def ceiling_nanos(self) -> int:
        return int(from_usd(self.cleaned_data["ceiling"]))


class TopUpForm(forms.Form):
    """Which pack is bought, below what, and how often a day at most."""

    pack = forms.ChoiceField(label=_("Buy this pack"))
    below = dollars(
        label=_("When less credit is left than (US dollars)"),
        error_messages={"required": _("Write from which amount on it is bought.")},
    )
    per_day = forms.IntegerField(
        label=_("At most so many a day"), min_value=1, max_value=MOST_A_DAY, initial=1,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, offered: tuple[Pack, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        pack = self.fields["pack"]
        assert isinstance(pack, forms.ChoiceField)
        pack.choices = [
            (one.name, gettext("%(credit)s of model calls for %(price)s") % {
                "credit": formats.money(one.credit_nanos, places=2), "price": one.price,
            })
            for one in offered
        ]

    @property
    def below_nanos(self) -> int:
        return int(from_usd(self.cleaned_data["below"]))


def parts(view: AccountView, show: Shown, **filled: forms.Form) -> dict[str, Any]:
    """What the page shows about money beyond the plan. `filled` forms keep what was written."""
    offered = packs(show.currency)
    return {
        "packs": offered,
        # use beyond the plan is charged at the price of the smallest pack
        "per_dollar": offered[0].per_dollar if offered else "",
        "overage_form": filled.get("overage_form") or overage_form(view),
        "topup_form": filled.get("topup_form") or topup_form(view.customer, offered=offered),
        "topup": view.customer.topup_pack if view.customer else None,
    }


def overage_form(view: AccountView, data: Mapping[str, Any] | None = None) -> OverageForm:
    ceiling = view.purse.overage.ceiling_nanos if view.purse.overage else None
    usual = to_usd(ceiling) if ceiling else None
    return OverageForm(data, initial={"ceiling": _plain(usual)}, label_suffix="")


def topup_form(
    customer: Customer | None, *, offered: tuple[Pack, ...],
    data: Mapping[str, Any] | None = None,
) -> TopUpForm:
    initial: dict[str, Any] = {"below": _plain(Decimal(2)), "per_day": 1}
    if customer is not None and customer.topup_pack_id:
        initial = {
            "pack": customer.topup_pack_id, "per_day": customer.topups_per_day,
            "below": _plain(Decimal(customer.topup_below_nanos) / NANOS_PER_USD),
        }
    return TopUpForm(data, offered=offered, initial=initial, label_suffix="")


def _plain(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount.quantize(CENT):f}"
