"""What may explain a difference between a provider's figures and ours, in sentences."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.reports.reconciled import Compared
from costcontrol import formats


def reasons(line: Compared) -> tuple[str, ...]:
    """Of one model on one day. None where both sides agree."""
    if line.agrees:
        return ()
    found = (*_known(line), *_by_tokens(line), *_by_dollars(line))
    return found or (_("Nothing that is known here explains it. Look at the calls."),)


def _known(line: Compared) -> tuple[str, ...]:
    """What our own books say is not certain."""
    found = []
    if line.open_calls:
        found.append(ngettext(
            "%(n)s call is not booked yet.", "%(n)s calls are not booked yet.", line.open_calls
        ) % {"n": formats.count(line.open_calls)})
    if line.estimated_nanos:
        found.append(_(
            "%(dollars)s of ours is estimated: calls that failed or broke off before the provider "
            "said what they used."
        ) % {"dollars": formats.money(line.estimated_nanos)})
    return tuple(found)


def _by_tokens(line: Compared) -> tuple[str, ...]:
    ours, theirs = line.ours, line.theirs
    if not line.deployments and (theirs.tokens or theirs.cost_nanos):
        if not line.model:
            return (_("The provider bills this for no single model: searches, storage, credits."),)
        return (_("Nothing was called from here. Another key or program uses this account."),)
    if line.says_tokens and not line.tokens_agree:
        if not theirs.tokens:
            return (_("The file does not name this model. It was called with another key or "
                      "address, or the export is not complete yet."),)
        if (line.token_gap or 0) < 0:
            return (_("The provider counts more: another key or program uses this account, or "
                      "calls broke off unseen."),)
        return (_("We count more: the export is of one key or workspace only, or is not complete "
                  "yet. Vendors are hours late."),)
    if not line.says_tokens and not theirs.cost_nanos and ours.cost_nanos:
        return (_("The bill does not name this model. It was called with another key or address, "
                  "or the export is not complete yet."),)
    return ()


def _by_dollars(line: Compared) -> tuple[str, ...]:
    if line.cost_gap is None or line.cost_agrees or not line.theirs.cost_nanos:
        return ()
    if line.ours.tokens and not line.ours.cost_nanos:
        return (_("We had no price for it. Add one on the page of settings."),)
    if line.says_tokens and line.tokens_agree:
        return (_("Both count the same tokens, so the prices differ: compare the price book with "
                  "the provider's prices, discounts, batches and long requests."),)
    if not line.says_tokens and line.deployments:
        return (_("Import the provider's usage of these days too: then the tokens say whether it "
                  "is the prices or the calls."),)
    return ()
