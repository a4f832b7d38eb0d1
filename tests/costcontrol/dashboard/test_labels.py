"""Labels: what is recorded with a call has words in both languages."""

import routing.providers._errors  # noqa: F401  # adapters have errors of their own
from costcontrol.dashboard.labels import LABELS
from costcontrol.lib.errors import CostControlError

# Said before there is a call, so no row ever has them.
NEVER_RECORDED = {
    "payload_too_large", "invalid_api_key", "not_found", "method_not_allowed", "refused",
    # of pages about plans and people, not of calls
    "payment_refused", "payments_off", "already_member", "last_owner", "invitation_over",
    "invalid_assertion",
}


def codes(error: type[CostControlError] = CostControlError) -> set[str]:
    return {error.code}.union(*(codes(kind) for kind in error.__subclasses__()))


def test_every_recorded_error_has_words() -> None:
    assert codes() - NEVER_RECORDED <= LABELS.keys()
