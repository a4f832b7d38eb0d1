"""The list of calls as its page shows it: what can be chosen, and one line a call."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.models import UsageRecord
from billing.reports.call_lines import CallLine
from billing.reports.calls import CallPage, Cursor
from billing.reports.errors import REFUSALS
from billing.savings import TEMPLATE
from costcontrol.dashboard.caches_words import variant_link
from costcontrol.dashboard.calls_state import ENDED_LABELS, CallsState
from costcontrol.dashboard.components import Badge, Tone
from costcontrol.dashboard.filter_bar import Chip, FilterBar, Select, filter_bar, select
from costcontrol.dashboard.filter_names import EVERY
from costcontrol.dashboard.labels import label
from costcontrol.dashboard.layer_names import layer_name
from routing.reports.stored_entry import variants_of

Outcome = UsageRecord.Outcome
ENDINGS = {
    Outcome.COMPLETE: (gettext_lazy("answered"), Tone.OK),
    Outcome.CACHED: (gettext_lazy("from the cache"), Tone.OK),
    Outcome.INCOMPLETE: (gettext_lazy("cut off"), Tone.WARN),
    Outcome.CANCELLED: (gettext_lazy("client left"), Tone.OFF),
    Outcome.FAILED: (gettext_lazy("failed"), Tone.BAD),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One call. `route_key` colours its route; both are empty where no model was asked. `variant`:
    of the stored answer that it got."""

    call: CallLine
    url: str
    time: str
    user: str
    badge: Badge
    notes: tuple[str, ...]
    route: str
    route_key: str
    variant: str = ""
    answer_url: str = ""


@dataclass(frozen=True, slots=True)
class CallsPage:
    """All that the template needs. A link is empty where there is nothing behind it."""

    bar: FilterBar
    lines: tuple[Line, ...]
    newest_url: str
    newer_url: str
    older_url: str
    searched_to: datetime | None
    is_searching: bool
    csv_url: str
    reset_url: str


def calls_page(state: CallsState, found: CallPage, *, today: str) -> CallsPage:
    here = reverse("dashboard:calls")
    variants = variants_of(line.answer_id for line in found.lines)
    return CallsPage(
        bar=_bar(state, today=today),
        lines=tuple(line_of(line, zone=state.zone, variants=variants) for line in found.lines),
        newest_url=address(here, state.as_query()) if state.cursor else "",
        newer_url=_place(here, state, "newer", found.newer),
        older_url=_place(here, state, "older", found.older),
        searched_to=found.searched_to,
        is_searching=found.searched_to is not None and not found.lines,
        csv_url=address(reverse("dashboard:calls_csv"), state.as_query()),
        reset_url=address(here, state.reset_query),
    )


def address(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def _place(here: str, state: CallsState, name: str, cursor: Cursor | None) -> str:
    return address(here, state.as_query(**{name: str(cursor)})) if cursor else ""


def line_of(call: CallLine, *, zone: str, variants: Mapping[int, int]) -> Line:
    variant, answer_url = variant_link(call.answer_id, variants)
    return Line(
        call=call,
        url=reverse("dashboard:call", args=[call.call_id]),
        time=f"{call.at.astimezone(ZoneInfo(zone)):%m-%d %H:%M:%S}",
        user=call.user or _("user %(number)d") % {"number": call.user_id},
        badge=badge_of(call.outcome, call.error_code, call.cache_layer),
        notes=tuple(_notes(call)),
        route=_route(call),
        route_key=call.cache_layer or call.model_class,
        variant=variant,
        answer_url=answer_url,
    )


def badge_of(outcome: str, error_code: str, layer: str = "") -> Badge:
    """One word. A refusal by our own rules is no failure, and a template no cache."""
    if outcome == Outcome.CACHED and layer == TEMPLATE:
        return Badge(_("from a template"), Tone.OK)
    if outcome == Outcome.REFUSED:
        if error_code in REFUSALS:
            return Badge(_("refused"), Tone.WARN)
        return Badge(_("failed"), Tone.BAD)
    words, tone = ENDINGS.get(Outcome(outcome), (outcome, Tone.OFF))
    return Badge(str(words), tone)


def _notes(call: CallLine) -> Iterable[str]:
    if call.error_code:
        yield label(call.error_code)
    if call.failed_attempts:
        yield ngettext(
            "%(count)d failed attempt", "%(count)d failed attempts", call.failed_attempts
        ) % {"count": call.failed_attempts}
    if call.is_corrected:
        yield _("price corrected")
    if call.is_economy:
        yield _("economy mode")


def _route(call: CallLine) -> str:
    """Who answered: a model, or a cache; nobody if the call was refused."""
    if call.cache_layer:
        return layer_name(call.cache_layer)
    return call.deployment


def _bar(state: CallsState, *, today: str) -> FilterBar:
    """The list tells more ways to end apart than the status does, so that is what it offers."""
    return filter_bar(
        state.shared, state.choices, today=today, query=state.as_query,
        offers=EVERY - {"status"}, more=(_endings(state),), chips=tuple(_chips(state)),
    )


def _chips(state: CallsState) -> Iterable[Chip]:
    titles = {
        "outcome": _("Outcome"), "debate": _("Debate"), "key": _("Key's prefix"),
        "attempts": _("Only with failed attempts"),
    }
    words = {"attempts": _("yes")} | {
        "outcome": str(ENDED_LABELS[state.ended]) if state.ended else ""
    }
    for name, value in state.own.items():
        yield Chip(titles[name], words.get(name, value), state.as_query(**{name: ""}))


def _endings(state: CallsState) -> Select:
    return select(
        "outcome", _("Outcome"), [*ENDED_LABELS], state.ended or "",
        [str(words) for words in ENDED_LABELS.values()],
    )
