"""Which providers can be asked for usage and cost, and with what. No key is shown or logged."""

from collections.abc import Mapping

from django.conf import settings

from billing.usage_imports import anthropic_api, openai_api
from billing.usage_imports.asking import Vendor

VENDORS: Mapping[str, Vendor] = {
    each.provider: each for each in (anthropic_api.VENDOR, openai_api.VENDOR)
}


def is_on(vendor: Vendor) -> bool:
    """Whether there is a key to ask with."""
    return bool(getattr(settings, vendor.key_setting))


def with_keys() -> tuple[Vendor, ...]:
    return tuple(each for each in VENDORS.values() if is_on(each))
