"""Debates and turns as JSON, from rows that were read before. The same for the API, its exports and
the pages.

What they cost in money is for those who may see costs; everybody sees credits.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Sum

from billing.models import UsageRecord
from costcontrol.lib.money import credits
from routing.debates.frames import brief_of_names, transition
from routing.debates.plan import next_steps, plan_of
from routing.debates.sayings import name_of
from routing.debates.shapes import shape_of
from routing.debates.sharing import cache_of
from routing.debates.types import SIDES, Step
from routing.models import Debate, Turn

ACTIVE = (Turn.Status.QUEUED, Turn.Status.RUNNING)
OVER = (Debate.Status.FINISHED, Debate.Status.CANCELLED)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Whole:
    """A debate with its turns, in order, the steps of its plan, and what its calls have cost."""

    debate: Debate
    turns: tuple[Turn, ...]
    steps: tuple[Step, ...]
    spent_nanos: int = 0
    layers: Mapping[UUID, str] = field(default_factory=dict)  # of what no model wrote, by call

    @property
    def done(self) -> set[int]:
        return {turn.step for turn in self.turns if turn.status == Turn.Status.COMPLETED}

    @property
    def running(self) -> Turn | None:
        return next((turn for turn in self.turns if turn.status in ACTIVE), None)

    @property
    def next(self) -> Step | None:
        """What comes after all that was said; None at the end, and while a turn runs."""
        if self.running or self.debate.status in OVER:
            return None
        done = self.done
        return next(iter(next_steps(self.steps, lambda step: step.index in done)), None)


def whole_of(debate: Debate) -> Whole:
    """Two queries, or three."""
    turns = tuple(Turn.objects.filter(debate=debate).order_by("number"))
    steps, spent = plan_of(shape_of(debate)), spent_on([debate])
    return Whole(debate, turns, steps, spent.get(str(debate.pk), 0), _layers(turns))


def _layers(turns: Iterable[Turn]) -> Mapping[UUID, str]:
    """Where turns that no model wrote for this debate came from. A query if there are any."""
    found = (Turn.Source.CACHE, Turn.Source.TEMPLATE)
    calls = [turn.call_id for turn in turns if turn.source in found and turn.call_id]
    if not calls:
        return {}
    rows = UsageRecord.objects.filter(call_id__in=calls).exclude(cache_layer="")
    return dict(rows.values_list("call_id", "cache_layer"))


def outline_of(debate: Debate) -> Whole:
    """Without turns, for one of them: no query."""
    return Whole(debate, (), plan_of(shape_of(debate)))


def spent_on(debates: Iterable[Debate]) -> dict[str, int]:
    """Nano-USD of the calls that are settled, for each debate that has any. One query."""
    owners = {str(debate.pk): debate.user_id for debate in debates}
    rows = UsageRecord.objects.filter(
        debate_id__in=owners, user_id__in=set(owners.values())
    ).exclude(debate_id="")  # said for SQLite, which else does not use the index
    sums = rows.order_by().values("debate_id").annotate(sum=Sum("cost_nanos"))
    return {row["debate_id"]: int(row["sum"] or 0) for row in sums}


def debate_json(whole: Whole, *, may_see_costs: bool) -> Json:
    """All that a page needs to be drawn again."""
    debate, running, following = whole.debate, whole.running, whole.next
    last = whole.turns[-1].number if whole.turns else 0
    at = running or following
    return row_json(
        debate, steps_done=len(whole.done), spent_nanos=whole.spent_nanos,
        may_see_costs=may_see_costs,
    ) | {
        "stage": at.stage if at else ("completed" if debate.status == debate.Status.FINISHED
                                      else ""),
        "next": next_json(following, number=last + 1) if following else None,
        "running": running_json(running) if running else None,
        "turns": [turn_json(whole, turn, may_see_costs=may_see_costs) for turn in whole.turns],
        "texts_deleted_at": debate.texts_deleted_at,
    }


def row_json(
    debate: Debate, *, steps_done: int, spent_nanos: int, may_see_costs: bool
) -> Json:
    """A debate in a list."""
    body: Json = {
        "id": str(debate.pk), "topic": topic_json(debate), "is_swapped": debate.is_swapped,
        "format": debate.format, "cast": cast_json(debate), "seat": debate.seat,
        "moderator_style": debate.moderator_style, "status": debate.status,
        "is_degraded": bool(debate.degraded_reason), "degraded_reason": debate.degraded_reason,
        "is_public": debate.is_public, "replay_url": replay_url(debate),
        "created_at": debate.created_at, "finished_at": debate.finished_at,
        "credits": credits(spent_nanos), "steps_total": len(plan_of(shape_of(debate))),
        "steps_done": steps_done,
    }
    return body | ({"cost_nanos": spent_nanos} if may_see_costs else {})


def topic_json(debate: Debate) -> Json:
    return {"key": debate.topic_key or None, "text": debate.topic, "language": debate.language}


def cast_json(debate: Debate) -> dict[str, list[Json]]:
    return {side: [
        {"speaker": f"{side}{i + 1}", "key": entry["key"], "version": entry["version"],
         "name": name_of(debate, f"{side}{i + 1}")}
        for i, entry in enumerate(debate.cast.get(side, ()))
    ] for side in SIDES}


def replay_url(debate: Debate) -> str | None:
    """Of the page, once there is something to see."""
    is_shown = debate.is_public and debate.status == Debate.Status.FINISHED
    return f"/replays/{debate.share_key}/" if is_shown else None


def next_json(step: Step, *, number: int) -> Json:
    return {"turn": number, "step": step.index, "stage": step.stage, "kind": step.kind,
            "speaker": step.speaker, "is_users": step.is_users}


def running_json(turn: Turn) -> Json:
    return {"turn": turn.number, "turn_id": str(turn.pk), "stage": turn.stage,
            "speaker": turn.speaker, "status": turn.status, "stream": stream_of(turn)}


def said_json(whole: Whole, turn: Turn) -> Json:
    """What anybody may know of a turn."""
    debate = whole.debate
    return {
        "turn": turn.number, "step": turn.step, "stage": turn.stage, "kind": turn.kind,
        "speaker": turn.speaker, "speaker_name": name_of(debate, turn.speaker),
        "target": turn.target, "transition": transition_to(whole, turn), "source": turn.source,
        "text": turn.text, "search": turn.search, "citations": turn.citations,
    }


def transition_to(whole: Whole, turn: Turn) -> str:
    """How the moderator hands over to it; empty for most."""
    step, debate = whole.steps[turn.step], whole.debate
    if not step.has_transition:
        return ""
    return transition(brief_of_names(debate), step, seed=str(debate.pk))


def turn_json(whole: Whole, turn: Turn, *, may_see_costs: bool) -> Json:
    body = said_json(whole, turn) | {
        "id": str(turn.pk), "status": turn.status, "rating": turn.rating,
        "cache": cache_of(whole.debate, turn),
        "model_class": turn.model_class, "credits": credits(turn.cost_nanos),
        "error": error_json(turn), "created_at": turn.created_at,
        "completed_at": turn.completed_at, "stream": stream_of(turn),
    }
    if may_see_costs:
        body |= {
            "deployment": turn.deployment, "cost_nanos": turn.cost_nanos,
            "call_id": str(turn.call_id) if turn.call_id else None,
            "layer": whole.layers.get(turn.call_id, "") if turn.call_id else "",
        }
    return body


def error_json(turn: Turn) -> Mapping[str, str] | None:
    if not turn.error_code:
        return None
    return {"code": turn.error_code, "message": turn.error}


def stream_of(turn: Turn) -> str:
    return f"/api/v1/debates/{turn.debate_id}/turns/{turn.number}/stream"


def rows_json(debates: Sequence[Debate], *, may_see_costs: bool) -> list[Json]:
    """Two queries for a whole page of them."""
    spent, done = spent_on(debates), steps_done(debates)
    return [
        row_json(
            debate, steps_done=done.get(str(debate.pk), 0),
            spent_nanos=spent.get(str(debate.pk), 0), may_see_costs=may_see_costs,
        )
        for debate in debates
    ]


def steps_done(debates: Sequence[Debate]) -> dict[str, int]:
    pairs = Turn.objects.filter(debate__in=debates, status=Turn.Status.COMPLETED).order_by()
    found: dict[str, int] = {}
    for debate_id, _step in pairs.values_list("debate_id", "step").distinct():
        found[str(debate_id)] = found.get(str(debate_id), 0) + 1
    return found
