"""The streams of turns and replays in our OpenAPI document: async views that DRF cannot see.

OpenAPI has no words for server-sent events: each kind is a schema of its `data`, named in a table.
"""

import json
from typing import Any

from routing.api.debates import examples

Json = dict[str, Any]
TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "integer"}
LAST_ID = "5.3"
STREAM = "text/event-stream"

# kind, what it means, an example of its data
EVENTS: tuple[tuple[str, str, Json], ...] = (
    ("turn.started", "Somebody begins. `transition`: the moderator's words before it, if any.",
     {"turn": 5, "id": examples.TURN_ID, "attempt": 1, "stage": "interactive_argument",
      "kind": "attack_response", "speaker": "con1", "speaker_name": "Nietzsche",
      "source": "live", "model_class": "economy"}),
    ("turn.restarted", "It is written anew after a fault: throw away its text so far.",
     {"turn": 5, "attempt": 2}),
    ("delta", "The next piece of its text.", {"text": "You speak of duty, "}),
    ("citation", "A page of the web that was found for it, before its first words. Title and text "
     "are a stranger's; the address is http or https.",
     {"turn": 2, "title": "Groundwork", "url": "https://example.org/", "text": "Duty is first."}),
    ("search.failed", "The web search for it found nothing: it is written without.",
     {"turn": 2, "reason": "The web search for this statement found nothing, so it was written "
      "without."}),
    ("degraded", "From here on a smaller model writes; `reason` is a sentence for the user.",
     {"model_class": "economy", "reason": "A budget is nearly used up."}),
    ("budget.warning", "The plan's money is nearly used up. Amounts are credits.",
     {"metric": "usd", "used": "81.000", "limit": "100.000", "percent": 81}),
    ("quota.exceeded", "A limit of the caller stopped it: the problem as the API would say it.",
     examples.PROBLEMS["quota_exceeded"]),
    ("turn.completed", "It is whole. `cache`: “hit” from the store, “miss” written and looked for "
     "in vain, “template” needs no model, “off” not looked for. `deployment`, `cost_nanos` and "
     "`layer`: only for staff and services.",
     {"turn": 5, "id": examples.TURN_ID, "text_length": 214, "model_class": "economy",
      "cache": "miss", "credits": "0.412"}),
    ("turn.cancelled", "`reason`: “asked”, or “nobody_watching” after a while without a reader.",
     {"turn": 5, "reason": "asked"}),
    ("usage.updated", "What the debate has cost so far, and the debates of the plan.",
     {"credits": "12.870", "debates": examples.QUOTA}),
    ("user_turn", "The user speaks next: POST messages.",
     {"turn": 6, "step": 5, "stage": "interactive_argument", "kind": "defense_response",
      "speaker": "pro1"}),
    ("debate.completed", "The debate is over.", {"replay_url": None}),
    ("error", "It failed. `retryable`: asking for the next turn tries it again.",
     {"code": "upstream_unavailable", "message": "No model can answer this call.",
      "retryable": True, "retry_after": 5.0}),
)  # fmt: skip
ABOUT = (
    "Server-sent events: `id`, `event` (the kind) and `data` (JSON). Ids are `<attempt>.<number>`. "
    "Every event is kept, so whoever comes back with `Last-Event-ID` misses none and gets none "
    "twice, also from another process and after a restart; who has all of them gets 204. A comment "
    "comes every 15 seconds when nothing else does. The stream ends after the last event of its "
    "turn.\n\n| event | what it says | data |\n|---|---|---|\n"
)


def events_table() -> str:
    rows = (
        f"| `{kind}` | {about} | `{json.dumps(data, ensure_ascii=False)}` |"
        for kind, about, data in EVENTS
    )
    return ABOUT + "\n".join(rows)


def add_streams(result: Json, generator: Any, request: Any, public: bool) -> Json:
    """A drf-spectacular postprocessing hook."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas["DebateEvent"] = {
        "type": "object", "description": "The kinds of events, and an example of each one's data.",
        "example": {kind: data for kind, _about, data in EVENTS},
    }
    paths = result["paths"]
    paths["/api/v1/debates/{debate_id}/turns/{number}/stream"] = {"get": TURN}
    paths["/api/v1/replays/{share_key}/stream"] = {"get": REPLAY}
    return result


def _in_path(name: str, schema: Json = TEXT) -> Json:
    return {"in": "path", "name": name, "required": True, "schema": schema}


def _problems(*codes: str) -> Json:
    """One reply for each status."""
    shape = {"$ref": "#/components/schemas/Problem"}
    found: Json = {}
    for code in codes:
        body = examples.PROBLEMS[code]
        reply = found.setdefault(str(body["status"]), {
            "description": "", "content": {
                "application/problem+json": {"schema": shape, "examples": {}}
            },
        })
        reply["description"] = f"{reply['description']} `{code}`".strip()
        shown = reply["content"]["application/problem+json"]["examples"]
        shown[code] = {"value": body}
    return found


def _frames(*kinds: str) -> str:
    found = {kind: data for kind, _about, data in EVENTS}
    return "".join(
        f"id: 1.{n}\nevent: {kind}\ndata: {json.dumps(found[kind])}\n\n"
        for n, kind in enumerate(kinds, start=1)
    )


def _events(example: str) -> Json:
    return {
        "200": {"description": "Events.",
                "content": {STREAM: {"schema": TEXT, "example": example}}},
        "204": {"description": "There is nothing after `Last-Event-ID`."},
    }


RESUME: Json = {
    "in": "header", "name": "Last-Event-ID", "schema": TEXT, "example": LAST_ID,
    "description": "The last event that the reader has; browsers send it by themselves. Also as "
    "`?last_event_id=`.",
}
TURN: Json = {
    "operationId": "turns_stream", "tags": ["turns"], "summary": "Read a turn along",
    "description": events_table(),
    "security": [{"session": []}, {"apiKey": []}],
    "parameters": [_in_path("debate_id"), _in_path("number", NUMBER), RESUME],
    "responses": {
        **_events(_frames("turn.started", "delta", "turn.completed", "usage.updated")),
        **_problems("debate_unknown", "turn_unknown", "event_unknown", "rate_limited"),
    },
}
REPLAY: Json = {
    "operationId": "replays_stream", "tags": ["replays"], "summary": "Watch a replay",
    "description": "A finished debate as events, paced as if it were written now: "
    "`turn.started`, `citation`, `delta` and `turn.completed` of each turn, then "
    "`debate.completed`. Needs no key and costs nothing.",
    "security": [],
    "parameters": [
        _in_path("share_key"), RESUME,
        {"in": "query", "name": "speed", "schema": NUMBER | {"default": 1, "minimum": 0},
         "description": "2 is twice as fast; 0 is all at once."},
    ],
    "responses": {
        **_events(_frames("turn.started", "delta", "debate.completed")),
        **_problems("debate_unknown", "event_unknown"),
    },
}
