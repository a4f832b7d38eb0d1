"""The three steps of a new installation, and the test call that is the third.

The test call is a call like any other: it goes through the gateway with the plan and the limits of
the user who sends it, and what is shown of it is read from its usage row.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from asgiref.sync import sync_to_async
from django.utils.translation import gettext as _

from accounts.types import Caller
from billing.models import UsageRecord
from billing.reports.call import CallReport, call_report
from costcontrol.dashboard.components import Badge, Tone
from costcontrol.dashboard.health import Model
from costcontrol.dashboard.labels import label
from costcontrol.lib.errors import CostControlError
from costcontrol.lib.sentences import said
from routing import gateway, records
from routing.answers import Answer
from routing.types import ChatRequest, Message

QUESTIONS = {
    "en": "Name one good argument for free public transport.",
    "ko": "무료 대중교통에 찬성하는 좋은 근거를 하나만 말해 주세요.",
}
LONGEST_ANSWER = 160  # tokens: a small local model should not be waited for


@dataclass(frozen=True, slots=True)
class Step:
    """One step: whether it is done, how things stand, and what to do next."""

    title: str
    is_done: bool
    state: Badge
    note: str
    command: str = ""
    is_test_call: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What came of the test call. `error`: why there is no answer, and what to do."""

    language: str
    call_id: UUID | None = None
    text: str = ""
    deployment: str = ""
    model_class: str = ""
    is_cached: bool = False
    cost_nanos: int = 0
    baseline: str = ""
    baseline_nanos: int | None = None
    elapsed_ms: int = 0
    error: str = ""

    @property
    def question(self) -> str:
        return QUESTIONS[self.language]

    @property
    def class_label(self) -> str:
        return label(self.model_class)

    @property
    def saved_nanos(self) -> int | None:
        return None if self.baseline_nanos is None else self.baseline_nanos - self.cost_nanos


# --- the steps ----------------------------------------------------------------------------------


def steps(models: Sequence[Model], *, has_call: bool) -> tuple[Step, ...]:
    return (_local_model(models), _cloud_key(models), _first_call(models, has_call=has_call))


def has_call() -> bool:
    return UsageRecord.objects.exists()


def _local_model(models: Sequence[Model]) -> Step:
    title = _("A local model answers")
    local = [model for model in models if model.is_local]
    if ready := [model for model in local if model.can_answer]:
        note = _("%(models)s: calls that it can answer cost nothing at a provider.")
        names = ", ".join(model.deployment.name for model in ready)
        return Step(title, True, Badge(_("ready"), Tone.OK), note % {"models": names})
    why = "; ".join(f"{model.deployment.name}: {model.problem}" for model in local)
    note = _("Install Ollama from ollama.com and pull a model; it is found by itself.")
    note = f"{why}. {note}" if why else note
    return Step(title, False, Badge(_("not ready"), Tone.WARN), note, "ollama pull gemma3:4b")


def _cloud_key(models: Sequence[Model]) -> Step:
    title = _("A cloud provider has a key")
    cloud = [model for model in models if not model.is_local]
    if with_key := sorted({m.deployment.provider for m in cloud if not m.no_key}):
        note = _("Set for %(providers)s. Hard calls go there, inside your budgets.")
        badge = Badge(_("set"), Tone.OK)
        return Step(title, True, badge, note % {"providers": ", ".join(with_key)})
    note = _(
        "Not needed to try things out: without a key the cloud is off and local models answer. "
        "To switch it on, stop the product and start it with a key:"
    )
    command = "ANTHROPIC_API_KEY=… OPENAI_API_KEY=… make run"
    return Step(title, False, Badge(_("off"), Tone.OFF), note, command)


def _first_call(models: Sequence[Model], *, has_call: bool) -> Step:
    title = _("A first call was made")
    if has_call:
        note = _("It is in the figures below and in the list of calls.")
        return Step(title, True, Badge(_("done"), Tone.OK), note, is_test_call=True)
    if any(model.can_answer for model in models):
        note = _("Send one from here. It goes the way of every call, and costs what it costs.")
        return Step(title, False, Badge(_("to do"), Tone.OFF), note, is_test_call=True)
    note = _("No model can answer yet: do one of the two steps above first.")
    return Step(title, False, Badge(_("to do"), Tone.OFF), note)


# --- the test call ------------------------------------------------------------------------------


def language_of_question(models: Sequence[Model], *, wanted: str, allowed: Sequence[str]) -> str:
    """The page's language, if a model that this user may use speaks it; else one that some do."""
    spoken = {
        language
        for model in models
        if model.can_answer and model.deployment.model_class in allowed
        for language in model.deployment.languages
    }
    order = (wanted, *(language for language in QUESTIONS if language != wanted))
    return next((language for language in order if language in spoken), wanted)


async def send(caller: Caller, *, language: str, once: str) -> Said:
    """Make the call. `once` names it: sent twice, it is made once and shown twice."""
    request = ChatRequest(
        messages=(Message("user", QUESTIONS[language]),),
        max_output_tokens=LONGEST_ANSWER,
        language=language,
    )
    try:
        answer = await gateway.answer(request, caller, idempotency_key=once)
        chunks = await answer.whole()
    except CostControlError as error:
        call_id = UUID(error.call_id) if error.call_id else None
        return Said(language, call_id, error=said(error.message))
    report = await sync_to_async(call_report)(answer.call.id)
    return _said(language, answer, "".join(chunk.text for chunk in chunks), report)


def _said(language: str, answer: Answer, text: str, report: CallReport | None) -> Said:
    """From the usage row. The row of a stored answer is written a moment later: from the answer."""
    if report is None:
        return _from_answer(language, answer, text)
    last = report.attempts[-1]
    return Said(
        language=language,
        call_id=report.call_id,
        text=text,
        deployment=last.deployment,
        model_class=last.model_class,
        is_cached=bool(last.cache_layer),
        cost_nanos=report.cost_nanos,
        baseline=last.baseline,
        baseline_nanos=report.baseline_nanos,
        elapsed_ms=sum(each.waited_ms + each.latency_ms for each in report.attempts),
    )


def _from_answer(language: str, answer: Answer, text: str) -> Said:
    """Kept in this process, found in Valkey, or made for somebody who asked at the same time."""
    work = answer.work
    kept = answer.completion or (work and (work.found or work.completion))
    said = Said(language, answer.call.id, text, is_cached=True, elapsed_ms=answer.call.elapsed_ms)
    if not kept:
        return said
    baseline, baseline_nanos = records.baseline_of(answer.call, kept.usage)
    return replace(
        said, deployment=kept.deployment, model_class=str(kept.model_class), baseline=baseline,
        baseline_nanos=baseline_nanos,
    )
