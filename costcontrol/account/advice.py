"""A limit is used up: which one, when it opens again, what still works and what would help."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Tier
from accounts.types import TierRules
from billing.models import Metric
from billing.reports.account import AccountView
from costcontrol.account import words
from costcontrol.account.meters import Meter

QUOTAS = (Metric.DEBATES, Metric.REQUESTS, Metric.USD)


@dataclass(frozen=True, slots=True)
class Help:
    text: str
    action: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Advice:
    title: str
    opens: str
    still_works: tuple[str, ...]
    helps: tuple[Help, ...]


def advice(
    view: AccountView, meters: Sequence[Meter], *, higher: Tier | None, may_pay: bool,
    has_backup: bool,
) -> Advice | None:
    """Of the first limit that is full. None: none is. `has_backup`: credit, or use beyond the
    plan, goes on where the plan ends."""
    full = [each for each in meters if each.is_full and each.limit.metric in QUOTAS]
    if not full:
        return None
    first = full[0]
    return Advice(
        title=_title(first),
        opens=first.opens,
        still_works=tuple(_still_works(meters, has_backup=has_backup)),
        helps=tuple(_helps(view, first, higher=higher, may_pay=may_pay)),
    )


def _title(full: Meter) -> str:
    if full.limit.metric == Metric.DEBATES:
        return _("Today’s debates are used up.")
    if full.limit.metric == Metric.REQUESTS:
        return _("Today’s calls outside debates are used up.")
    return _("Today’s amount for model costs is used up.")


def _still_works(meters: Sequence[Meter], *, has_backup: bool) -> Iterator[str]:
    by_metric = {each.limit.metric: each for each in meters}
    full = {metric for metric, each in by_metric.items() if each.is_full}
    if has_backup:
        yield _("New calls: they are paid from your credit or beyond the plan, as you have set.")
    if Metric.USD not in full:
        yield _("Debates that have begun: they go on to their end.")
    calls = by_metric.get(Metric.REQUESTS)
    if Metric.USD not in full and calls is not None and not calls.is_full:
        yield _("Single calls outside debates: %(left)s left.") % {
            "left": words.amount(Metric.REQUESTS, calls.limit.remaining)
        }
    debates = by_metric.get(Metric.DEBATES)
    if Metric.USD not in full and debates is not None and not debates.is_full:
        yield _("Debates: %(left)s left.") % {
            "left": words.amount(Metric.DEBATES, debates.limit.remaining)
        }
    yield _("Questions that were answered before: stored answers are free.")


def _helps(
    view: AccountView, full: Meter, *, higher: Tier | None, may_pay: bool
) -> Iterator[Help]:
    if not may_pay:
        yield Help(_("Ask an owner of your organisation, or who looks after its bills."))
        return
    if higher is not None:
        yield Help(
            _gains(TierRules.of(higher), full.limit.metric),
            _("See the plans"), reverse("mine:plans"),
        )
    if not view.is_frozen:
        yield Help(
            _("A credit pack is used when the plan is used up, and keeps for long."),
            _("Buy credit"), reverse("mine:plans") + "#credit",
        )


def _gains(tier: TierRules, metric: str) -> str:
    more = tier.debates_per_day if metric == Metric.DEBATES else tier.requests_per_day
    if metric == Metric.USD or more is None:
        return _("%(plan)s has more room.") % {"plan": tier.title}
    return _("%(plan)s has %(amount)s a day.") % {
        "plan": tier.title, "amount": words.amount(metric, more)
    }
