"""What debates cost: on average, and one of them by everything that its calls say of themselves.

Whether a call was of use is told from outside: which turns were shown, and which kinds of call are
made behind the scenes. Of those, the ones count whose answer stood in the prompt of another call.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import Max, Q

from billing.models import CallUse, UsageRecord
from billing.reports.facts import Facts
from costcontrol.lib.money import Nanos, share_nanos

Outcome = UsageRecord.Outcome
WITH_TEXT = (Outcome.COMPLETE, Outcome.INCOMPLETE, Outcome.CANCELLED, Outcome.CACHED)
IDS_A_QUERY = 500
FIELDS = (
    "call_id", "at", "stage", "call_kind", "speaker", "language", "deployment", "model_class",
    "cache_layer", "outcome", "error_code", "parent_call_id", "cost_nanos", "output_tokens",
    "answer_id", "searches", "search_nanos",
)


class Use(StrEnum):
    SHOWN = "shown"  # somebody could read it
    READ = "read"  # behind the scenes, and a prompt was made of it
    UNREAD = "unread"  # behind the scenes, for nothing so far
    LOST = "lost"  # of a turn that was never shown


@dataclass(frozen=True, slots=True)
class DebateCall:
    """One call: what all its attempts cost, and how the last one ended."""

    call_id: UUID
    at: datetime
    stage: str
    kind: str
    speaker: str
    language: str
    deployment: str
    model_class: str
    cache_layer: str
    outcome: str
    error_code: str
    parent_call_id: UUID | None
    cost_nanos: int
    output_tokens: int | None
    use: Use
    answer_id: int | None = None  # the stored answer that it was answered with
    searches: int = 0  # that were bought
    search_nanos: int = 0  # of the cost

    @property
    def is_wasted(self) -> bool:
        return self.use in (Use.UNREAD, Use.LOST)

    @property
    def source(self) -> str:
        """Where the answer came from, in one word."""
        return self.cache_layer or ("provider" if self.deployment else "")


@dataclass(frozen=True, slots=True)
class Part:
    """All calls that say the same. `unread_nanos`: of those that were of no use."""

    key: str
    calls: int
    cost_nanos: int
    unread_nanos: int


@dataclass(frozen=True, slots=True)
class DebateCosts:
    """One debate of one user. `others`: users whose debates have the same name."""

    debate_id: str
    user_id: int
    calls: tuple[DebateCall, ...]
    others: tuple[int, ...] = ()

    @property
    def cost_nanos(self) -> int:
        return sum(call.cost_nanos for call in self.calls)

    @property
    def unread_nanos(self) -> int:
        return sum(call.cost_nanos for call in self.calls if call.is_wasted)

    @property
    def searches(self) -> int:
        return sum(call.searches for call in self.calls)

    @property
    def search_nanos(self) -> int:
        """Of the cost, what web searches cost apart from tokens."""
        return sum(call.search_nanos for call in self.calls)

    @property
    def parts(self) -> Mapping[str, tuple[Part, ...]]:
        names = ("stage", "kind", "speaker", "language", "model_class", "source", "use")
        return {name: self.by(name) for name in names}

    def by(self, name: str) -> tuple[Part, ...]:
        """In the order in which they first came. Each adds up to the whole."""
        found: dict[str, list[DebateCall]] = {}
        for call in self.calls:
            found.setdefault(str(getattr(call, name)), []).append(call)
        return tuple(_part(key, calls) for key, calls in found.items())


def cost_per_debate(facts: Facts) -> Nanos | None:
    """Of debates that had a call in the range. None: there was none, or one deployment is asked."""
    if facts.debates is None or not facts.debates.debates:
        return None
    return share_nanos(facts.debates.cost_nanos, facts.debates.debates)


def debate_costs(
    debate_id: str, *, background: Set[str], user_id: int | None = None,
    shown: Set[UUID] | None = None,
) -> DebateCosts | None:
    """None: no call of such a debate. Without `user_id`: whose it was last.

    `background`: kinds of call that nobody sees. `shown`: calls whose text a reader has seen;
    None: not known, so that every answer counts as shown.
    """
    users = _users(debate_id)
    if not users or (user_id is not None and user_id not in users):
        return None
    whose = users[0] if user_id is None else user_id
    calls = _calls(debate_id, whose, background=background, shown=shown)
    return DebateCosts(debate_id, whose, calls, tuple(each for each in users if each != whose))


def _of(debate_id: str) -> Q:
    """Said twice for SQLite, which else does not use the index of debates."""
    return ~Q(debate_id="") & Q(debate_id=debate_id)


def _users(debate_id: str) -> list[int]:
    rows = UsageRecord.objects.filter(_of(debate_id)).values("user_id")
    last = rows.annotate(last=Max("at")).order_by("-last", "user_id")
    return list(last.values_list("user_id", flat=True))


def _calls(
    debate_id: str, user_id: int, *, background: Set[str], shown: Set[UUID] | None
) -> tuple[DebateCall, ...]:
    rows = UsageRecord.objects.filter(_of(debate_id), user_id=user_id).order_by("at", "pk")
    by_call: dict[UUID, list[dict[str, Any]]] = {}
    for row in rows.values(*FIELDS):
        by_call.setdefault(row["call_id"], []).append(row)
    read = _read(by_call.keys())

    def use_of(last: Mapping[str, Any]) -> Use:
        if last["call_kind"] in background:
            return Use.READ if last["call_id"] in read else Use.UNREAD
        if shown is None:
            return Use.SHOWN if last["outcome"] in WITH_TEXT else Use.LOST
        return Use.SHOWN if last["call_id"] in shown else Use.LOST

    return tuple(_call(attempts, use_of(_last(attempts))) for attempts in by_call.values())


def _last(attempts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The row of a call that is not of a failed attempt; there is one once it has ended."""
    tried = [row for row in attempts if row["outcome"] != Outcome.CORRECTED]
    ended = [row for row in tried if row["outcome"] != Outcome.FAILED]
    return (ended or tried or attempts)[-1]


def _call(attempts: Sequence[dict[str, Any]], use: Use) -> DebateCall:
    last = _last(attempts)
    return DebateCall(
        call_id=last["call_id"], at=last["at"], stage=last["stage"] or "",
        kind=last["call_kind"], speaker=last["speaker"] or "", language=last["language"],
        deployment=last["deployment"], model_class=last["model_class"],
        cache_layer=last["cache_layer"], outcome=last["outcome"], error_code=last["error_code"],
        parent_call_id=last["parent_call_id"],
        cost_nanos=sum(row["cost_nanos"] for row in attempts),
        output_tokens=last["output_tokens"], use=use, answer_id=last["answer_id"],
        searches=sum(row["searches"] or 0 for row in attempts if not row["cache_layer"]),
        search_nanos=sum(row["search_nanos"] or 0 for row in attempts),
    )


def _read(calls: Iterable[UUID]) -> set[UUID]:
    """Those whose answer stood in the prompt of another call of the same debate."""
    ids, found = list(calls), set()
    known = set(ids)
    for start in range(0, len(ids), IDS_A_QUERY):
        rows = CallUse.objects.filter(call_id__in=ids[start : start + IDS_A_QUERY])
        found |= {used for used, by in rows.values_list("call_id", "used_by") if by in known}
    return found


def _part(key: str, calls: Sequence[DebateCall]) -> Part:
    return Part(
        key, len(calls), sum(call.cost_nanos for call in calls),
        sum(call.cost_nanos for call in calls if call.is_wasted),
    )
