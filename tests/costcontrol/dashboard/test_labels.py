"""Labels: what is recorded with a call has words in both languages."""

import pytest
from django.utils.text import capfirst

import routing.providers._errors  # noqa: F401  # adapters have errors of their own
from billing.savings import SEARCH_CACHE
from costcontrol.dashboard.labels import LABELS, label
from costcontrol.dashboard.layer_names import LAYER_NAMES, layer_name, level_name
from costcontrol.lib.errors import CostControlError

# Said before there is a call, so no row ever has them.
NEVER_RECORDED = {
    "payload_too_large", "invalid_api_key", "not_found", "method_not_allowed", "refused",
    "payment_refused", "payments_off",  # of pages about plans
}


def codes(error: type[CostControlError] = CostControlError) -> set[str]:
    """Those of people, their keys and debates are said before there is a call."""
    kinds = [
        kind for kind in error.__subclasses__()
        if not kind.__module__.startswith(("accounts.", "routing.debates."))
    ]
    return {error.code}.union(*map(codes, kinds))


def test_every_recorded_error_has_words() -> None:
    assert codes() - NEVER_RECORDED <= LABELS.keys()


@pytest.mark.parametrize("layer", [*LAYER_NAMES, SEARCH_CACHE])
def test_a_layer_has_one_name_in_charts_savings_and_on_the_page_of_caches(layer: str) -> None:
    assert level_name(layer).partition(": ")[2] == label(layer)[0].lower() + label(layer)[1:]
    if layer in LAYER_NAMES:
        assert label(f"cache.{layer}") == label(layer) == capfirst(layer_name(layer))
