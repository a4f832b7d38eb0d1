"""What people read for the keys of reports. A key nobody knows is shown as it is."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.reports.ranges import Bucket, Step
from billing.savings import SEARCH_CACHE
from costcontrol.dashboard.layer_names import LAYER_NAMES, SEARCHES, layer_name

LABELS: Mapping[str, str | Promise] = {
    "local": _("Local models"),
    "economy": _("Economy models"),
    "mid": _("Mid-range models"),
    "premium": _("Premium models"),
    "prompt_cache": _("Provider's prompt cache"),
    "route": _("A cheaper model was enough"),
    "machine": _("Price of our own machine"),
    "precompute": _("Spent on answers made ahead"),
    "helpers": _("Spent on judges and embeddings"),
    "failed": _("Spent on failed attempts"),
    "provider.p50": _("Provider calls, half are faster"),
    "provider.p95": _("Provider calls, 95 of 100 are faster"),
    "cache.p50": _("Stored answers, half are faster"),
    "cache.p95": _("Stored answers, 95 of 100 are faster"),
    "other": pgettext_lazy("all remaining routes together", "Other"),
    # --- attempts that failed
    "upstream_timeout": _("Provider too slow"),
    "upstream_rate_limited": _("Provider's rate limit"),
    "upstream_quota_spent": _("Account at the provider is out of money"),
    "upstream_rejected": _("Provider rejected the call"),
    "upstream_unavailable": _("Provider could not be reached"),
    "upstream_malformed": _("Provider's answer made no sense"),
    "upstream_misconfigured": _("Provider does not accept our key or model"),
    "reservation_lost": _("Reservation ran out"),
    "worker_lost": _("Process was lost"),
    "internal_error": _("Error in costcontrol"),
    "unknown": _("Cause not recorded"),
    # --- calls that were refused
    "quota_exceeded": _("User's quota used up"),
    "budget_exhausted": _("Budget used up"),
    "rate_limited": _("Too many calls a minute"),
    "account_suspended": _("Account may make no calls"),
    "payment_required": _("Plan not paid"),
    "tier_feature": _("Not in the plan"),
    "unpriced_model": _("Model without a price"),
    "model_not_found": _("Model not known"),
    "context_length_exceeded": _("Conversation too long"),
    "invalid_request": _("Call not understood"),
    "unsupported_parameter": _("Parameter not supported"),
    "idempotency_conflict": _("Idempotency-Key already in use"),
    "database_unavailable": _("Database away"),
}
LANGUAGES: Mapping[str, str | Promise] = {"ko": _("Korean"), "en": _("English")}


def label(key: str) -> str:
    layer = key.removeprefix("cache.")
    if layer in LAYER_NAMES:
        return capfirst(layer_name(layer))
    return capfirst(str(SEARCHES)) if key == SEARCH_CACHE else str(LABELS.get(key, key))


def language(code: str) -> str:
    return str(LANGUAGES.get(code, code))


def bucket_label(bucket: Bucket, *, step: Step, zone: str) -> str:
    """How a bar is called under the axis and in the table: sortable, the same in all languages."""
    start = bucket.start.astimezone(ZoneInfo(zone))
    if step == Step.MONTH:
        return f"{start:%Y-%m}"
    if step != Step.HOUR:
        return start.date().isoformat()
    return f"{start:%m-%d %H:%M}{_offset(start)}"


def _offset(moment: datetime) -> str:
    """Set apart the hour that a day has twice when the clocks go back."""
    other = moment.replace(fold=1 - moment.fold)
    return f" ({moment:%Z})" if other.utcoffset() != moment.utcoffset() else ""
