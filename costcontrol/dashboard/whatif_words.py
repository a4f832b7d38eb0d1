"""What a what-if changed, what it assumes, and what could not be replayed: in sentences."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from costcontrol import formats
from costcontrol.dashboard.labels import label
from costcontrol.dashboard.whatif_form import (
    BUCKET_LABELS,
    COMPLEXITY_LABELS,
    MODE_LABELS,
    cell_text,
)
from routing.models import RoutePolicy, WhatIfRun
from routing.whatif.changes import TODAY, Changes
from routing.whatif.outcome import Outcome

GAPS = {
    "tier": gettext_lazy("their plan does not exist any more"),
    "facts": gettext_lazy("how hard they are, or their language, was not written down"),
    "tokens": gettext_lazy("their tokens were not written down, or the model that counted them "
                           "is gone"),
    "price": gettext_lazy("there is no price for the model"),
    "plan": gettext_lazy("by today’s plans and models, nobody may answer them under the table of "
                         "then"),
}


def changed(run: WhatIfRun) -> list[str]:
    """One sentence a change; of none at all, one that says so."""
    changes = Changes.of_json(run.changes)
    found = [
        *_table(changes), *_prices(changes), *_layers(changes), *_tiers(changes),
        *_budget(changes),
    ]
    return found or [_("Nothing: the rules of then, to see how exact a replay is.")]


def _table(changes: Changes) -> Iterator[str]:
    if changes.policy is not None:
        yield _("Routing table: version %(version)d.") % {"version": changes.policy}
    elif changes.cells is not None:
        yield _("Routing table, typed in: %(cells)s.") % {"cells": _differences(changes)}


def _differences(changes: Changes) -> str:
    """Only cells that differ from the table in force."""
    published = RoutePolicy.objects.filter(status=RoutePolicy.Status.PUBLISHED).first()
    usual = published.cells if published else {}
    cells = [
        f"{MODE_LABELS[mode]}, {COMPLEXITY_LABELS[complexity]}: {cell_text(classes)}"
        for mode, row in (changes.cells or {}).items() for complexity, classes in row.items()
        if usual.get(mode, {}).get(complexity) != classes
    ]
    return "; ".join(cells) or _("as the one in force")


def _prices(changes: Changes) -> Iterator[str]:
    if changes.prices_of == TODAY:
        yield _("Prices of today instead of those of then.")
    for each in changes.prices:
        prices = ", ".join(
            f"{BUCKET_LABELS[bucket]} ${value.normalize():f}"
            for bucket, value in each.prices.items()
        )
        yield _("%(model)s costs, for a million tokens: %(prices)s.") % {
            "model": f"{each.provider}/{each.model}", "prices": prices
        }


def _layers(changes: Changes) -> Iterator[str]:
    for layer in changes.layers_off:
        yield _("Off: %(layer)s.") % {"layer": label(layer)}
    for layer in changes.layers_on:
        yield _("On: %(layer)s.") % {"layer": label(layer)}


def _tiers(changes: Changes) -> Iterator[str]:
    for tier, limits in changes.tiers.items():
        parts = ", ".join(_limit(name, value) for name, value in limits.items())
        yield _("Plan %(tier)s: %(limits)s.") % {"tier": tier, "limits": parts}


def _limit(name: str, value: Any) -> str:
    if name == "route_mode":
        return _("route mode %(mode)s") % {"mode": MODE_LABELS[value]}
    if name == "allowed_classes":
        return _("classes %(classes)s") % {"classes": ", ".join(value) or _("none")}
    if value is None:
        return _("no limit of debates") if name == "debates_per_day" else _("no limit of dollars")
    if name == "debates_per_day":
        return ngettext("%(n)s debate a day", "%(n)s debates a day", value) % {
            "n": formats.count(value)
        }
    return _("%(dollars)s a day and user") % {"dollars": formats.money(value)}


def _budget(changes: Changes) -> Iterator[str]:
    if changes.platform_day_nanos is not None:
        yield _("Budget of the platform: %(dollars)s a day.") % {
            "dollars": formats.money(changes.platform_day_nanos)
        }


def gaps(found: Outcome) -> list[str]:
    """Calls that could not be replayed stand in all columns as they were."""
    counts: Mapping[str, int] = found.figures.gaps
    return [
        ngettext(
            "%(n)s call could not be replayed: %(why)s.",
            "%(n)s calls could not be replayed: %(why)s.", number,
        ) % {"n": formats.count(number), "why": GAPS.get(gap, gap)}
        for gap, number in sorted(counts.items())
    ]


def strange(found: Outcome) -> str:
    """Empty: none."""
    number = found.figures.strange
    if not number:
        return ""
    return ngettext(
        "%(n)s call went to a model that today’s models and plans would not ask under the table "
        "of then, so it is replayed on another one.",
        "%(n)s calls went to models that today’s models and plans would not ask under the table "
        "of then, so they are replayed on others.", number,
    ) % {"n": formats.count(number)}


def named(found: Outcome) -> str:
    """Empty: none. Of a run with another routing table."""
    number = found.figures.now.named
    if not number:
        return ""
    return ngettext(
        "%(n)s call asked for a model or a class by its name, so it stays with it whatever the "
        "routing table says.",
        "%(n)s calls asked for a model or a class by its name, so they stay with it whatever the "
        "routing table says.", number,
    ) % {"n": formats.count(number)}


def unknown(found: Outcome) -> Iterator[str]:
    """What is let in, and what it is taken to cost."""
    now = found.figures.now
    calls = now.admitted - now.admitted_debates
    if calls:
        yield ngettext(
            "%(n)s call that was refused then would be answered. Its size is not known, so it "
            "costs what a call of its kind does on average.",
            "%(n)s calls that were refused then would be answered. Their sizes are not known, so "
            "each costs what a call of its kind does on average.", calls,
        ) % {"n": formats.count(calls)}
    if now.admitted_unpriced:
        yield ngettext(
            "For %(n)s of them there was no call to take an average of: it counts as $0.",
            "For %(n)s of them there was no call to take an average of: they count as $0.",
            now.admitted_unpriced,
        ) % {"n": formats.count(now.admitted_unpriced)}
    if now.admitted_debates:
        yield ngettext(
            "%(n)s debate that was refused then would be opened, at the average cost of a debate.",
            "%(n)s debates that were refused then would be opened, each at the average cost of a "
            "debate.", now.admitted_debates,
        ) % {"n": formats.count(now.admitted_debates)}


def added(found: Outcome) -> Iterator[str]:
    for each in found.added:
        if not each["is_measured"]:
            yield _("%(layer)s: it answered nothing in the last 30 days, so what it would save is "
                    "not known.") % {"layer": label(each["layer"])}
            continue
        yield _("%(layer)s, switched on: about %(calls)s calls more, %(dollars)s less. An "
                "expectation; what it costs to fill it is not in it.") % {
            "layer": label(each["layer"]), "calls": formats.count(each["calls"]),
            "dollars": formats.money(each["saved_nanos"]),
        }


def assumptions() -> list[str]:
    return [
        _("The same people ask for the same things: demand does not change with prices or limits."),
        _("Another model reads and writes the same text. Its tokens are those of then, times the "
          "ratio of how the two count; with another provider, nothing is read from its prompt "
          "cache."),
        _("Models, plans and budgets are those of today, because they have no history. Routing "
          "tables and prices are those of then."),
        _("A model that failed then, or was passed over because it was full or away, is so again. "
          "Other models are taken not to fail."),
        _("Answers that a cache gave are given again, also where another model would have written "
          "them."),
        _("Budgets of a day are followed; those of a month, calls at once and calls a minute are "
          "not. Nobody pays beyond their plan who did not then. Days are cut in %(zone)s.")
        % {"zone": settings.DEFAULT_ZONE},
        _("Debates that were held out, and our own calls, stay on their model."),
    ]
