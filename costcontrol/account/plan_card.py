"""The plan on the usage page: its name, what it costs, and what happens to it next."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from billing.reports.account import AccountView, PlanState, Standing
from costcontrol import formats
from costcontrol.account import words as plain
from costcontrol.dashboard.components import Badge, Tone


@dataclass(frozen=True, slots=True)
class PlanCard:
    title: str
    badge: Badge | None
    price: str
    next: str  # one sentence
    included: tuple[str, ...]


def plan_card(view: AccountView, *, zone: str) -> PlanCard:
    return PlanCard(
        title=view.tier.title,
        badge=badge(view.plan.standing),
        price=_price(view.plan),
        next=next_step(view.plan, zone=zone),
        included=tuple(plain.included(view.tier)),
    )


def badge(standing: Standing) -> Badge | None:
    return {
        Standing.NONE: None,
        Standing.TRIAL: Badge(_("trial"), Tone.OK),
        Standing.ACTIVE: Badge(_("active"), Tone.OK),
        Standing.ENDING: Badge(_("ends soon"), Tone.WARN),
        Standing.CHANGING: Badge(_("changes soon"), Tone.WARN),
        Standing.PAST_DUE: Badge(_("payment failed"), Tone.BAD),
        Standing.UNCONFIRMED: Badge(_("payment to confirm"), Tone.WARN),
        Standing.SUSPENDED: Badge(_("paused"), Tone.BAD),
    }[standing]


def _price(plan: PlanState) -> str:
    if plan.standing == Standing.NONE:
        return ""
    return plain.price(plan.amount_minor, plan.currency, plan.interval)


def next_step(plan: PlanState, *, zone: str) -> str:
    """What happens next, and when."""
    texts = {
        Standing.ENDING: (
            plan.ends_at, _("Cancelled. It stays until %(day)s, then the free plan holds.")
        ),
        Standing.CHANGING: (plan.changes_at, _("On %(day)s it becomes %(plan)s.")),
        Standing.TRIAL: (
            plan.trial_ends_at,
            _("The trial ends on %(day)s. Then you pay for it, unless you cancel before."),
        ),
        Standing.ACTIVE: (plan.renews_at, _("Renews on %(day)s.")),
    }
    moment, words = texts.get(plan.standing, (None, ""))
    if moment is None:
        return ""
    return words % {"day": formats.day(moment, zone=zone), "plan": plan.next_title}
