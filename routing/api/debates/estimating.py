"""An estimate as JSON: in credits for everybody, in money for those who may see costs."""

from collections.abc import Mapping, Sequence
from typing import Any

from costcontrol.lib.problems import problem_of
from routing.debates.endings import debates_left
from routing.debates.estimates import ForeseenTurn
from routing.debates.money import Estimate, StageEstimate
from routing.debates.orders import Order
from routing.debates.plan import plan_of
from routing.debates.sayings import in_credits
from routing.debates.topic_sides import choices_json, match_json
from routing.debates.types import SIDES

Json = dict[str, Any]


def estimate_json(order: Order, found: Estimate, *, may_see_costs: bool) -> Json:
    body: Json = {
        "topic": {"key": order.topic_key or None, "text": order.topic,
                  "language": order.language},
        "did_you_mean": choices_json(order.choices, language=order.language),
        "is_swapped": order.is_swapped, **match_json(order.resolved),
        "format": order.format, "cast": _cast(order.cast, order.language), "seat": order.seat,
        "low_credits": found.low_credits, "high_credits": found.high_credits,
        "model_classes": list(found.model_classes),
        "stages": [_stage(stage) for stage in found.stages],
        "turns": len(plan_of(order.shape())), "is_lean": found.is_lean,
        "search": {"is_on": found.has_search, "searches": found.searches},
        "from_store": [_foreseen(turn) for turn in found.from_store],
        "paid_from": str(found.paid_from),
        "quota": debates_left([found.debates] if found.debates else []),
        "is_covered": found.is_covered,
        "refusal": in_credits(problem_of(found.refusal)) if found.refusal else None,
    }
    if may_see_costs:
        body |= {"low_nanos": found.low_nanos, "high_nanos": found.high_nanos}
    return body


def _stage(stage: StageEstimate) -> Json:
    return {
        "stage": stage.stage, "calls": stage.calls, "model_classes": list(stage.model_classes),
        "low_credits": stage.low_credits, "high_credits": stage.high_credits,
        "templates": stage.templates, "cached": stage.cached, "searches": stage.searches,
    }


def _foreseen(turn: ForeseenTurn) -> Json:
    return {"step": turn.step, "stage": turn.stage, "kind": turn.kind, "speaker": turn.speaker,
            "source": turn.source}


def _cast(cast: Mapping[str, Sequence[Mapping[str, Any]]], language: str) -> Json:
    return {side: [
        {"speaker": f"{side}{i + 1}", "key": one["key"], "version": one["version"],
         "name": one["name_ko"] if language == "ko" else one["name_en"]}
        for i, one in enumerate(cast[side])
    ] for side in SIDES}
