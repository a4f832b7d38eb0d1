"""Why a call went where it went, in sentences for somebody who does not write programs.

Made of what was recorded with the call, its reason among it, which `policy` and `attempts` write in
one form: "how the candidates were found; not NAME: why; left NAME: why".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from billing.models import UsageRecord
from billing.reports.call import AttemptReport, CallReport
from costcontrol.lib.retelling import recognised
from costcontrol.lib.sentences import said
from routing.call_kinds import CALL_KINDS
from routing.models import Deployment
from routing.types import ModelClass

Outcome = UsageRecord.Outcome
TRAIL = re.compile(r"; (not|left) (\S+?): ")
SOURCE = re.compile(r"answered by call ([0-9a-f-]{36})")
ENTRY = re.compile(r"stored answer (?P<entry>\d+), variant (?P<variant>\d+)")
NOT_NEEDED = re.compile(r"not needed: stored answer (?P<entry>\d+)")  # debates/unasked.py
FOR_SOMEBODY_ELSE = "being answered for somebody else"
AHEAD = re.compile(r"made ahead in a batch, in run (?P<run>\d+)")  # precompute/records.py
EMBEDDING = "embedding"  # embedding_money.py
ASKED_FOR = " was asked for"
BY_NAME = "was asked for by name"


@dataclass(frozen=True, slots=True)
class Left:
    """A deployment that did not answer. `is_tried`: it was in the plan, and left later."""

    deployment: str
    why: str
    is_tried: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """The recorded reason in its parts."""

    head: str
    left: tuple[Left, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of the routing table's cell, best first; empty if it was not asked."""
        _before, _colon, cell = self.head.rpartition(": ")
        names = tuple(cell.split(" > "))
        return names if set(names) <= set(ModelClass) else ()


def parse(reason: str) -> Reason:
    head, *trail = TRAIL.split(reason)
    parts = zip(trail[0::3], trail[1::3], trail[2::3], strict=True)
    return Reason(
        head, tuple(Left(name, why, is_tried=word == "left") for word, name, why in parts)
    )


def why(call: CallReport) -> tuple[str, ...]:
    """The first sentence says it; the others add what else played a part."""
    last = call.attempts[-1]
    if found := AHEAD.match(last.reason):
        return tuple(_ahead(last, found["run"]))
    if last.outcome == Outcome.CACHED:
        return (_from_cache(last), *_entry(last))
    if last.outcome == Outcome.REFUSED:
        return tuple(_refused(call, last))
    told = _vectors(last) if call.call_kind == EMBEDDING else _answered(call, last)
    if last.outcome == Outcome.FAILED:
        return (*told, _("That attempt failed, and no other is recorded yet."))
    return tuple(told)


def _vectors(last: AttemptReport) -> Iterator[str]:
    yield _(
        "Nobody asked for it: %(name)s was asked which questions a typed text is like, or the "
        "questions of the list were made ready for that. The platform pays, and it is taken off "
        "what caches save."
    ) % {"name": last.deployment}


def _ahead(last: AttemptReport, run: str) -> Iterator[str]:
    yield _(
        "Nobody asked for it: it was made ahead in a batch at half the price, in run %(run)s. "
        "Savings are told after what such answers cost."
    ) % {"run": run}
    if last.outcome == Outcome.FAILED:
        yield _("Nothing came of it, and nothing is owed. The page of the run says why.")


def source_of(attempt: AttemptReport) -> UUID | None:
    """The call whose answer a cached one got."""
    found = SOURCE.search(attempt.reason)
    return UUID(found[1]) if found and attempt.outcome == Outcome.CACHED else None


def _entry(last: AttemptReport) -> Iterator[str]:
    if found := ENTRY.search(last.reason):
        yield _("It is entry %(entry)s of the stored answers, variant %(variant)s.") % (
            found.groupdict()
        )


def _from_cache(last: AttemptReport) -> str:
    """By the layer that answered."""
    if not_needed := NOT_NEEDED.match(last.reason):
        return _(
            "Nothing had to be found out here: what would have read it is stored answer %(entry)s. "
            "Its tokens are those that were not bought."
        ) % not_needed.groupdict()
    match last.cache_layer:
        case "shared" if FOR_SOMEBODY_ELSE in last.reason:
            return _(
                "The same part of a debate was being written for somebody else at that moment, so "
                "this call got the same text as it came in, and no model was asked a second time."
            )
        case "shared":
            return _(
                "The same question of the same user was being answered at that moment, so this "
                "call got the same answer as it came in, and no model was asked a second time."
            )
        case "pattern":
            return _(
                "The same part of a debate on this topic was written before, and this user had "
                "not seen it: the stored answer was given, and no model was asked."
            )
        case "precomputed":
            return _(
                "This part of a debate on this topic had been written ahead of time, and this "
                "user had not seen it: that answer was given, and no model was asked."
            )
        case "template":
            return _(
                "This part needs no model: it was put together from a template. It counts as no "
                "hit of a cache."
            )
    return _(
        "The same user had asked exactly this before, so the stored answer was given again and "
        "no model was asked."
    )


def _refused(call: CallReport, last: AttemptReport) -> Iterator[str]:
    planned, _bar, message = last.reason.rpartition(" | ")
    tried = [one for one in call.attempts if one.attempt]
    if tried:
        yield _("No model could answer this call: %(why)s") % {"why": retold(message)}
        yield from _left(parse(tried[-1].reason))
        return
    yield _("This call was refused before any model was asked: %(why)s") % {
        "why": retold(message)
    }
    if planned:
        yield from _left(parse(planned))


def _answered(call: CallReport, last: AttemptReport) -> Iterator[str]:
    reason = parse(last.reason)
    yield " ".join(_choice(call, last, reason))
    yield from _left(reason)
    if last.outcome == Outcome.INCOMPLETE:
        yield _("The answer was cut off before its end.")
    if last.outcome == Outcome.CANCELLED:
        yield _("The client hung up before the answer was complete.")


def _choice(call: CallReport, last: AttemptReport, reason: Reason) -> Iterator[str]:
    name = {"model": last.deployment, "class": class_label(last.model_class)}
    if reason.head.endswith(BY_NAME):
        yield _("The call asked for the model %(model)s by its name.") % name
        return
    if ASKED_FOR in reason.head:
        asked = class_label(call.requested_model)
        yield _("The call asked for a model of the class “%(class)s”.") % {"class": asked}
    else:
        yield _difficulty(call, reason)
    if last.is_economy:
        yield _("A budget had passed its soft limit, so economy mode chose cheaper routes.")
    if reason.classes:
        order = ", ".join(class_label(one) for one in reason.classes)
        yield _("On the plan “%(tier)s” such a call may go to these classes, in this order: "
                "%(order)s.") % {"tier": call.tier, "order": order}
    yield _("%(model)s (%(class)s) was the first model that could take it.") % name


def _difficulty(call: CallReport, reason: Reason) -> str:
    facts = {"complexity": complexity_label(call.complexity), "kind": call.call_kind}
    if "the caller asked for" in reason.head:
        return _("The caller said that this call is %(complexity)s.") % facts
    if call.call_kind in CALL_KINDS:
        return _("A call of the kind “%(kind)s” counts as %(complexity)s.") % facts
    return _("Judged by its words, this call is %(complexity)s.") % facts


def _left(reason: Reason) -> Iterator[str]:
    for one in reason.left:
        facts = {"model": one.deployment, "why": retold(one.why).rstrip(".")}
        if one.is_tried:
            yield _("%(model)s came first, but did not answer: %(why)s.") % facts
        else:
            yield _("%(model)s was passed over: %(why)s.") % facts


def retold(text: str) -> str:
    """The reason of a row is English; here it is said in the language of the page."""
    return said(recognised(text))


def class_label(name: str) -> str:
    return str(dict(Deployment.ModelClass.choices).get(name, name))


def complexity_label(name: str) -> str:
    return {"simple": _("simple"), "medium": _("medium"), "complex": _("complex")}.get(name, name)
