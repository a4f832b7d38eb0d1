"""Usage rows of calls of a debate that no gateway has seen: stored, not needed, or a template.

Every call of the plan has its row, so that what a debate saved adds up to what it would have cost.
Rows only, still to be written.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from accounts.types import Caller
from billing.models import UsageRecord
from billing.usage import Usage
from routing import records, shares
from routing.cache import templates
from routing.cache.patterns import Stored
from routing.call import Call
from routing.classify import classify
from routing.debates.types import Background, Step
from routing.models import Debate
from routing.snapshot import Snapshot
from routing.types import ChatRequest, Completion, ModelClass, Plan, Reuse, StopReason


@dataclass(frozen=True, slots=True)
class Desk:
    """What all rows of one turn say."""

    debate: Debate
    caller: Caller
    snapshot: Snapshot
    now: datetime
    stage: str
    call_id: UUID  # of the turn

    def said(self, step: Step, stored: Stored, reuse: Reuse) -> UsageRecord:
        """The turn itself is a stored answer."""
        return self._hit(self._call(self.call_id, step.kind, step.speaker, reuse), stored)

    def filled_in(self, step: Step, usage: Usage) -> UsageRecord:
        """The turn itself is a template. `usage`: of a model, as we estimate it."""
        call = self._call(self.call_id, step.kind, step.speaker, why="a template")
        return self._estimated(call, usage, layer=templates.LAYER)

    def known(self, background: Background, stored: Stored, reuse: Reuse) -> UsageRecord:
        """Somebody found it out before."""
        return self._hit(self._behind(background, reuse=reuse), stored)

    def spared(
        self, background: Background, usage: Usage, *, because_of: Stored
    ) -> UsageRecord:
        """Nobody has to find it out, as what would have needed it is stored."""
        call = self._behind(background, why=f"not needed: stored answer {because_of.answer_id}")
        if usage.is_estimated:
            return self._estimated(call, usage, layer=because_of.layer)
        return _nobodys(records.of_hit(call, _answer(usage), layer=because_of.layer))

    def _hit(self, call: Call, stored: Stored) -> UsageRecord:
        return records.of_hit(
            _because(call, shares.reason_of(stored)), stored.completion, layer=stored.layer,
            answer_id=stored.answer_id,
        )

    def _estimated(self, call: Call, usage: Usage, *, layer: str) -> UsageRecord:
        row = _nobodys(records.of_hit(call, _answer(usage), layer=layer))
        row.confidence = UsageRecord.Confidence.ESTIMATED
        return row

    def _behind(
        self, background: Background, *, reuse: Reuse | None = None, why: str = ""
    ) -> Call:
        return self._call(
            uuid4(), background.kind, background.speaker, reuse, why=why, parent=self.call_id
        )

    def _call(
        self, call_id: UUID, kind: str, speaker: str, reuse: Reuse | None = None, *,
        why: str = "", parent: UUID | None = None,
    ) -> Call:
        request = ChatRequest(
            (), call_kind=kind, debate_id=str(self.debate.pk), language=self.debate.language,
            stage=self.stage, speaker=speaker, parent_call_id=parent, is_part=True, reuse=reuse,
        )
        classified = classify(request, kinds=self.snapshot.kinds)
        return Call(
            call_id, self.now, request, self.caller, classified, self.snapshot, Plan((), why)
        )


def _because(call: Call, why: str) -> Call:
    return Call(
        call.id, call.at, call.request, call.caller, call.classified, call.snapshot, Plan((), why)
    )


def _answer(usage: Usage) -> Completion:
    return Completion("", StopReason.STOP, usage, "", ModelClass.LOCAL)


def _nobodys(row: UsageRecord) -> UsageRecord:
    """No model has answered."""
    row.model_class = ""
    return row
