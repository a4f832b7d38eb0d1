"""Requests and replies as the OpenAPI document shows them. Tests hold each to its schema."""

from typing import Any

Json = dict[str, Any]

DEBATE_ID = "0b9f6c1e-2a51-4f1c-9a55-0d3c5b0d7a10"
TURN_ID = "5a1f0e9c-6b1d-4c57-8b80-7d1f0a2b3c4d"
SHARE_KEY = "d1Zk0mXb7Qy3wR5tU8vA2cEf"
STREAM = f"/api/v1/debates/{DEBATE_ID}/turns/1/stream"

ORDER: Json = {
    "topic": "Should machines have rights?", "language": "en",
    "cast": {"pro": ["kant"], "con": ["nietzsche"]}, "seat": "con1", "moderator_style": "formal",
}
KOREAN_ORDER: Json = {"topic_id": "t001", "language": "ko", "format": "2v2"}
TOPIC: Json = {"key": None, "text": "Should machines have rights?", "language": "en"}
CAST: Json = {
    "pro": [{"speaker": "pro1", "key": "kant", "version": 1, "name": "Kant"}],
    "con": [{"speaker": "con1", "key": "nietzsche", "version": 1, "name": "Nietzsche"}],
}
QUOTA: Json = {"used": 3, "limit": 50, "resets_at": "2026-11-26T00:00:00+09:00"}
TURN: Json = {
    "turn": 1, "step": 0, "stage": "opening", "kind": "moderator_intro", "speaker": "",
    "speaker_name": "Moderator", "target": "", "transition": "", "source": "", "text": "",
    "id": TURN_ID, "status": "queued", "rating": None, "cache": "off", "model_class": "",
    "credits": "0.000",
    "error": None, "created_at": "2026-11-25T12:00:05Z", "completed_at": None, "stream": STREAM,
    "search": "", "citations": [],
}
SAID: Json = TURN | {
    "source": "live", "text": "Good evening. Tonight: should machines have rights?",
    "status": "completed", "model_class": "economy", "credits": "0.412",
    "completed_at": "2026-11-25T12:00:09Z",
}
USERS_TURN: Json = SAID | {
    "turn": 3, "step": 2, "stage": "con_argument", "kind": "opening_statement", "speaker": "con1",
    "speaker_name": "Nietzsche", "source": "user", "text": "Rights are for those who can suffer.",
    "model_class": "", "credits": "0.000", "stream": STREAM.replace("turns/1", "turns/3"),
}
ROW: Json = {
    "id": DEBATE_ID, "topic": TOPIC, "is_swapped": False, "format": "1v1", "cast": CAST,
    "seat": "con1", "moderator_style": "formal", "status": "open", "is_degraded": False,
    "degraded_reason": "", "is_public": False, "replay_url": None,
    "created_at": "2026-11-25T12:00:00Z", "finished_at": None, "credits": "0.000",
    "steps_total": 13, "steps_done": 0,
}
NEXT: Json = {
    "turn": 1, "step": 0, "stage": "opening", "kind": "moderator_intro", "speaker": "",
    "is_users": False,
}
DEBATE: Json = ROW | {
    "stage": "opening", "next": NEXT, "running": None, "turns": [], "texts_deleted_at": None,
}
CREATED: Json = DEBATE | {
    "topic_id": None, "polarity": "same", "did_you_mean": [], "quota_after": QUOTA,
}
RUNNING: Json = DEBATE | {
    "next": None, "turns": [TURN | {"status": "running"}],
    "running": {"turn": 1, "turn_id": TURN_ID, "stage": "opening", "speaker": "",
                "status": "running", "stream": STREAM},
}
PAUSED: Json = DEBATE | {"status": "paused"}
CANCELLED: Json = DEBATE | {
    "status": "cancelled", "finished_at": "2026-11-25T12:00:30Z", "stage": "", "next": None,
    "is_quota_returned": True,
}
SHARED: Json = DEBATE | {
    "status": "finished", "stage": "completed", "next": None, "is_public": True,
    "finished_at": "2026-11-25T12:20:00Z", "replay_url": f"/replays/{SHARE_KEY}/",
    "steps_done": 13, "credits": "96.870",
}
ESTIMATE: Json = {
    "topic": TOPIC, "did_you_mean": [], "is_swapped": False, "how": "new", "pro_says": "",
    "con_says": "", "format": "1v1", "cast": CAST,
    "seat": "con1", "low_credits": "31.204", "high_credits": "118.350",
    "model_classes": ["local", "economy", "premium"],
    "stages": [{"stage": "opening", "calls": 2, "model_classes": ["local"],
                "low_credits": "0.310", "high_credits": "0.980", "templates": 0, "cached": 0,
                "searches": 0}],
    "search": {"is_on": True, "searches": 1},
    "from_store": [{"step": 0, "stage": "opening", "kind": "moderator_intro", "speaker": "",
                    "source": "template"}],
    "turns": 13, "is_lean": False, "paid_from": "plan", "quota": QUOTA, "is_covered": True,
    "refusal": None,
}
REPLAY: Json = {
    "topic": TOPIC, "format": "1v1", "seat": "con1", "moderator_style": "formal",
    "cast": {side: [{"speaker": one["speaker"], "name": one["name"]} for one in people]
             for side, people in CAST.items()},
    "has_users_texts": True, "finished_on": "2026-11-25",
    "turns": [
        {name: USERS_TURN[name] for name in
         ("turn", "step", "stage", "kind", "speaker", "target", "transition", "source", "text",
          "search", "citations")}
        | {"speaker_name": "user"}
    ],
    "stream": f"/api/v1/replays/{SHARE_KEY}/stream",
}


def problem(code: str, status: int, detail: str, **more: Any) -> Json:
    return {"type": "about:blank", "title": code.replace("_", " "), "status": status,
            "code": code, "detail": detail, **more}


UPGRADE: Json = {
    "from": "premium", "to": "enterprise", "tier": "enterprise", "title": "Enterprise",
    "benefit": "as many debates as you like; models: local, economy, mid, premium",
    "price": "$99.00 / ₩129,000 a month",
    "url": "/account/plans/", "checkout_url": "https://costcontrol.example/account/plans/",
}
PROBLEMS: dict[str, Json] = {
    found["code"]: found for found in (
        problem("invalid_request", 400, "The seat is one of pro1, con1, or left out by whoever "
                "only watches.", param="seat"),
        problem("payment_required", 402, "Your plan has no debates. A larger one does.",
                upgrade=UPGRADE),
        problem("tier_feature", 403, "This is not in your plan."),
        problem("csrf_failed", 403, "This page is too old to send this. Load it again, then try "
                "again."),
        problem("debate_unknown", 404, "There is no such debate. GET /api/v1/debates lists yours."),
        problem("philosopher_unknown", 404, "There is no philosopher “plato2”. "
                "GET /api/v1/philosophers lists those you can cast.", param="cast"),
        problem("topic_unknown", 404, "There is no topic “t999”. GET /api/v1/topics lists what "
                "there is.", param="topic"),
        problem("turn_unknown", 404, "This debate has no turn 7."),
        problem("message_unknown", 404, "There is no such message, or it is not finished. Only "
                "what was written in a debate of your own can be rated."),
        problem("idempotency_conflict", 409, "This Idempotency-Key was used for another debate. "
                "Use a new key.", param="Idempotency-Key"),
        problem("turn_in_progress", 409, "Turn 1 is still running. Read along, or cancel it.",
                turn=1, turn_id=TURN_ID),
        problem("stage_out_of_order", 409, "That is not what comes next. Next comes: opening.",
                allowed=[{"stage": "opening", "speaker": ""}]),
        problem("user_turn", 409, "It is your turn to speak. Send your text, or pass, with POST "
                "messages.", stage="con_argument", speaker="con1"),
        problem("debate_over", 409, "This debate is over. Its replay can still be watched."),
        problem("debate_paused", 409, "This debate is paused. Resume it first."),
        problem("topic_blocked", 422, "The topic is empty. Ask a question that has two sides.",
                param="topic"),
        problem("cast_invalid", 422, "kant is in the cast twice. Everybody speaks once, for one "
                "side.", param="cast"),
        problem("language_unavailable", 422, "No model that speaks Korean is set up on this "
                "server. To add one, set ANTHROPIC_API_KEY or OPENAI_API_KEY, or pull one with "
                "Ollama, and start the server again."),
        problem("text_too_long", 422, "Your text has 4,812 characters, and 4,000 is the most. "
                "Shorten it.", param="text", limit=4000),
        problem("event_unknown", 422, "There is no event “1.99” of this turn yet."),
        problem("rate_limited", 429, "More than 20 requests in a minute. Wait a moment.",
                retry_after=12.0, limit=20),
        problem("quota_exceeded", 429, "Limit reached: 50 of 50 debates until "
                "2026-11-26T00:00:00+09:00.", metric="debates", limit=50, used=50,
                resets_at="2026-11-26T00:00:00+09:00", retry_after=3600.0, upgrade=UPGRADE,
                alternatives={"wait_until": "2026-11-26T00:00:00+09:00", "watch_replay": True}),
        problem("budget_exhausted", 503, "The budget of platform is used up. Cached answers and "
                "local models still work.", retry_after=600.0),
        problem("upstream_unavailable", 503, "No model can answer this call.", retry_after=5.0),
    )
}
