"""How long answers really are, per deployment, kind of call and language.

Clients rarely send `max_tokens`; holding a model's maximum would block a budget that could pay
for the call. So we hold (and send) a high quantile of what such answers took.
"""

import time
from collections.abc import Sequence
from math import ceil

from billing.models import UsageRecord

SAMPLES = 200  # the newest so many complete answers
ENOUGH = 20  # from here on the quantile is trusted
QUANTILE = 0.99
MARGIN = 1.25
MARGIN_OF_FEW = 2.0
LENGTH_STOPS = 0.02  # more answers than this were cut by our cap: it was too low
MAX_REMEMBERED = 2_000

Lengths = Sequence[tuple[int, bool]]
_remembered: dict[tuple[str, str, str], tuple[Lengths, float]] = {}


def recent(deployment: str, call_kind: str, language: str, *, max_age_s: float) -> Lengths:
    """`samples`, remembered for a moment: it is asked for by every call without `max_tokens`."""
    key = (deployment, call_kind, language)
    known = _remembered.get(key)
    if known is None or time.monotonic() - known[1] > max_age_s:
        if len(_remembered) >= MAX_REMEMBERED:
            _remembered.clear()
        found = samples(deployment=deployment, call_kind=call_kind, language=language)
        known = _remembered[key] = (found, time.monotonic())
    return known[0]


def forget_all() -> None:
    _remembered.clear()


def samples(*, deployment: str, call_kind: str, language: str) -> list[tuple[int, bool]]:
    """(output tokens, was cut by its cap) of the newest complete answers."""
    rows = (
        UsageRecord.objects.filter(
            deployment=deployment, call_kind=call_kind, language=language,
            outcome=UsageRecord.Outcome.COMPLETE, output_tokens__isnull=False,
        )
        .order_by("-id")
        .values_list("output_tokens", "stop_reason")[:SAMPLES]
    )
    return [(tokens or 0, stop == "length") for tokens, stop in rows]


def usual(lengths: Lengths) -> int | None:
    """Output tokens that all but a few answers stay under; None while there are too few."""
    if len(lengths) < ENOUGH:
        return None
    return _high(lengths, MARGIN)


def tight(lengths: Lengths) -> int | None:
    """The same from as little as one answer, for when a budget is nearly used up."""
    if not lengths:
        return None
    return _high(lengths, MARGIN if len(lengths) >= ENOUGH else MARGIN_OF_FEW)


def _high(lengths: Lengths, margin: float) -> int:
    ordered = sorted(tokens for tokens, _ in lengths)
    high = ordered[ceil(QUANTILE * len(ordered)) - 1]
    cut_share = sum(is_cut for _, is_cut in lengths) / len(lengths)
    return ceil(high * margin * (2 if cut_share > LENGTH_STOPS else 1))
