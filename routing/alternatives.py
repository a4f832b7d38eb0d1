"""What a refused caller can do instead: wait, watch a replay, or ask a model that costs nothing.

Only what is true is named. Pure: it reads the refusal, and what the snapshot knows.
"""

from datetime import datetime, timedelta
from typing import Any

from accounts.types import TierRules
from costcontrol.lib.errors import CostControlError
from routing.providers import missing_key
from routing.snapshot import Snapshot
from routing.types import ModelClass

STATUSES = (402, 403, 429, 503)
LOCAL = str(ModelClass.LOCAL)


def add(
    error: CostControlError, *, snapshot: Snapshot, tier: TierRules, language: str,
    now: datetime, may_go_local: bool = True,
) -> CostControlError:
    """The same error, which names them. `may_go_local`: the caller can choose the model."""
    if error.status not in STATUSES or "alternatives" in error.details:
        return error
    found: dict[str, Any] = {}
    if until := _until(error, now):
        found["wait_until"] = until
    if snapshot.has_replays:
        found["watch_replay"] = True
    if may_go_local and _is_local_left(error, snapshot, tier, language):
        found["mode"] = LOCAL
    if found:
        error.details["alternatives"] = found
    return error


def _until(error: CostControlError, now: datetime) -> str | None:
    if resets_at := error.details.get("resets_at"):
        return str(resets_at)
    if error.retry_after_s is None:
        return None
    return (now + timedelta(seconds=error.retry_after_s)).isoformat()


def _is_local_left(
    error: CostControlError, snapshot: Snapshot, tier: TierRules, language: str
) -> bool:
    """A model of the plan that costs nothing, and that this limit does not count."""
    is_open = error.code == "tier_feature" or LOCAL in error.details.get("still_works", ())
    return is_open and LOCAL in tier.allowed_classes and any(
        d.model_class == ModelClass.LOCAL and language in d.languages and not missing_key(d)
        for d in snapshot.deployments
    )
