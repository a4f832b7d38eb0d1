"""Rows of calls that were not made: a template spoke, or what is stored needs nothing else."""

from uuid import uuid4

from accounts.types import Caller
from billing.savings import TEMPLATE
from billing.usage import Usage
from costcontrol.lib import clock
from routing import keeper, records
from routing.cache.patterns import Stored
from routing.call import Call
from routing.classify import classify
from routing.snapshot import Snapshot
from routing.types import ChatRequest, Completion, ModelClass, Plan, StopReason


def write_template(request: ChatRequest, usage: Usage, *, caller: Caller, known: Snapshot) -> None:
    """`usage`: what a model would have taken for it."""
    _write(request, usage, "a template", TEMPLATE, caller=caller, known=known)


def write_spared(
    request: ChatRequest, usage: Usage, found: Stored, *, caller: Caller, known: Snapshot
) -> None:
    """For an opening that is stored."""
    reason = f"not needed: stored answer {found.answer_id}"
    _write(request, usage, reason, found.layer, caller=caller, known=known)


def _write(
    request: ChatRequest, usage: Usage, reason: str, layer: str, *, caller: Caller,
    known: Snapshot,
) -> None:
    call = Call(
        uuid4(), clock.now(), request, caller, classify(request, kinds=known.kinds), known,
        Plan((), reason),
    )
    answer = Completion("", StopReason.STOP, usage, "", ModelClass.LOCAL)
    keeper.write_soon(records.of_hit(call, answer, layer=layer))
