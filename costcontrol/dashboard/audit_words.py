"""What the audit log calls its actions and facts. The file of the log keeps the machine's own
names; here those that say little to people have words, and all others lose their underscores."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ACTIONS: Mapping[str, str | Promise] = {
    "price_book_load": _("price book loaded"),
    "price_close": _("price ended"),
    "price_supersede": _("price replaced"),
    "price_correction": _("price correction written"),
    "price_correction_post": _("price correction booked"),
    "price_correction_drop": _("price correction dropped"),
    "price_correction_fail": _("price correction stopped"),
    "price_correction_retry": _("price correction tried again"),
    "price_correction_take_back": _("price correction taken back"),
    "api_key_issue": _("key issued"),
    "api_key_revoke": _("key revoked"),
    "budget_set": _("budget set"),
    "budget_raise": _("budget raised once"),
    "budget_raise_end": _("raise of a budget ended"),
    "budget_delete": _("budget deleted"),
    "credit_grant": _("credit given"),
    "tier_change": _("plan changed"),
    "topup_set": _("automatic top-up set"),
    "overage_ceiling": _("use beyond the plan limited"),
    "throttle_set": _("user slowed down"),
    "throttle_lift": _("user not slowed down any more"),
    "deployment_switch": _("model switched on or off"),
    "policy_publish": _("routing table published"),
    "policy_draft": _("draft of a routing table begun"),
    "policy_edit": _("draft of a routing table changed"),
    "usage_import": _("provider's figures imported"),
    "usage_fetch": _("provider's figures fetched"),
}
FACTS: Mapping[str, str | Promise] = {
    "nanos": _("amount"),
    "cap_nanos": _("cap"),
    "below_nanos": _("when less is left than"),
    "per_day": _("at most a day"),
    "pack": _("credit pack"),
    "tier": _("plan"),
    "prefix": _("start of the key"),
    "scope_kind": _("about"),
    "scope_id": _("which one"),
    "is_on": _("switched on"),
    "is_enabled": _("switched on"),
    "inserted": _("prices added"),
    "superseded": _("prices replaced"),
    "closed": _("prices ended"),
    "kept": _("prices kept as staff set them"),
    "unchanged": _("prices without a change"),
    "requests_per_minute": _("calls a minute"),
}
MONEY = "_nanos"


def action_words(action: str) -> str:
    return str(ACTIONS.get(action, action.replace("_", " ")))


def action_typed(text: str) -> str:
    """The machine's name of what somebody read on the page, or a part of one."""
    by_words = {str(words).casefold(): action for action, words in ACTIONS.items()}
    return by_words.get(text.casefold(), text.replace(" ", "_"))


def fact_words(name: str) -> str:
    """Facts of facts are called `outer.inner`."""
    return ", ".join(_part(part) for part in name.split("."))


def _part(name: str) -> str:
    return str(FACTS.get(name) or name.removesuffix(MONEY).replace("_", " "))
