"""What a debate costs."""

from billing.reports.facts import Facts
from costcontrol.lib.money import Nanos, share_nanos


def cost_per_debate(facts: Facts) -> Nanos | None:
    """Of debates that had a call in the range. None: there was none, or one deployment is asked."""
    if facts.debates is None or not facts.debates.debates:
        return None
    return share_nanos(facts.debates.cost_nanos, facts.debates.debates)
