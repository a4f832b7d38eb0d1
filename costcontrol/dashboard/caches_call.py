"""What the page of a call says of the store: the answer it got out of it, or the one it put in."""

from billing.reports.call import CallReport
from costcontrol.dashboard.caches_words import variant_link
from costcontrol.dashboard.layer_names import layer_name
from routing.reports.stored_entry import made_by, variants_of


def stored_of(call: CallReport) -> dict[str, str]:
    """Two queries at most. Empty where there is nothing to say."""
    last = call.attempts[-1]
    got, got_url = variant_link(last.answer_id, variants_of([last.answer_id]))
    found = {"got": got, "got_url": got_url}
    if last.cache_layer:
        return found | {"layer": layer_name(last.cache_layer)}
    row = made_by(call.call_id)
    made, made_url = variant_link(row.pk, {row.pk: row.variant}) if row else ("", "")
    return found | {"made": made, "made_url": made_url}
