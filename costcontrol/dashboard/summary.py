"""The overview in two sentences: what was spent, what was saved, and why."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.reports import savings
from billing.reports.facts import Facts
from billing.reports.spend import Saved
from costcontrol import formats

BECAUSE: Mapping[str, str | Promise] = {
    "exact": gettext_lazy(
        "The biggest part, %(part)s, because the same question was answered before."
    ),
    "shared": gettext_lazy(
        "The biggest part, %(part)s, because the same question was being answered at that moment."
    ),
    "pattern": gettext_lazy(
        "The biggest part, %(part)s, because the same was written before for somebody else."
    ),
    "precomputed": gettext_lazy(
        "The biggest part, %(part)s, because it had been written ahead at half the price."
    ),
    "template": gettext_lazy(
        "The biggest part, %(part)s, because a template said it and no model was needed."
    ),
    "prompt_cache": gettext_lazy(
        "The biggest part, %(part)s, because providers charge less for the beginning of a prompt "
        "that they have seen before."
    ),
    "route": gettext_lazy("The biggest part, %(part)s, because a cheaper model was good enough."),
}


def summary(facts: Facts) -> str:
    saved = savings.saved(facts)
    sentences = [_spent(facts)]
    if saved is not None and saved.nanos > 0:
        sentences += [_saved(saved), _because(facts)]
    return " ".join(filter(None, sentences))


def _spent(facts: Facts) -> str:
    sentence = ngettext(
        "%(calls)s call cost %(spent)s.", "%(calls)s calls cost %(spent)s.", facts.calls
    )
    return sentence % {
        "calls": formats.count(facts.calls), "spent": formats.money(facts.cost_nanos)
    }


def _saved(saved: Saved) -> str:
    sentence = _(
        "On %(baseline)s alone and without a cache they would have cost about %(whole)s: "
        "%(saved)s (%(share)s) was saved."
    )
    return sentence % {
        "baseline": ", ".join(saved.baselines),
        "whole": formats.money(saved.baseline_nanos),
        "saved": formats.money(saved.nanos),
        "share": formats.share(round(saved.nanos * 10_000 / saved.baseline_nanos)),
    }


def _because(facts: Facts) -> str:
    """The biggest cause, if it has words of its own."""
    sums = {line.key: sum(filter(None, line.values)) for line in savings.by_cause(facts).lines}
    cause = max(sums, key=lambda key: sums[key], default="")
    if cause not in BECAUSE or sums[cause] <= 0:
        return ""
    return str(BECAUSE[cause]) % {"part": formats.money(sums[cause])}
