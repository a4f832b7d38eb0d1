"""Bad input, table by table: a problem with its code, in the caller's language, nothing charged."""

from typing import Any
from uuid import uuid4

import pytest

from accounts.models import User
from billing.budgets import user_caps_apply
from costcontrol.lib import clock
from routing import snapshot
from routing.models import Debate, Deployment, Philosopher, Turn
from tests.routing.api.debates.client import ORDER, Frontend, frontend, taken
from tests.services.minutes import within_one_minute

CAST = ORDER["cast"]
NOBODY = uuid4()
ORDERS = [
    (400, "invalid_request", b"[1]"), (400, "invalid_request", b"{nope"),
    (400, "invalid_request", b'{"topic": "\xff"}'), (400, "invalid_request", b"[" * 50_000),
    (400, "invalid_request", b'{"topic": NaN}'),
    (413, "payload_too_large", b'{"topic": "' + b"x" * 4 * 1024 * 1024 + b'"}'),
    (422, "topic_blocked", {"topic": ""}), (422, "topic_blocked", {"topic": "x" * 10_000}),
    (422, "topic_blocked", {"topic": "What \x00 is it?"}),
    (404, "topic_unknown", {"topic": None, "topic_id": "t999"}),
    (404, "philosopher_unknown", {"cast": {"pro": ["kant"], "con": ["nobody"]}}),
    (404, "philosopher_unknown", {"cast": {"pro": ["kant"], "con": ["eves-own"]}}),
    (422, "cast_invalid", {"cast": {"pro": ["kant"], "con": ["kant"]}}),
    (422, "cast_invalid", {"cast": {"pro": ["kant"], "con": ["hume", "plato"]}}),
    (422, "cast_invalid", {"format": "2v2"}), (400, "invalid_request", {"format": "9v9"}),
    (422, "language_unavailable", {"language": "tlh"}),
    (422, "language_unavailable", {"topic": "これは正しいのですか"}),
    (400, "invalid_request", {"seat": "moderator"}),
    (400, "invalid_request", {"moderator_style": "rude"}),
    (422, "text_too_long", {"context": "x" * 20_001}), (400, "invalid_request", {"extra": 1}),
]  # fmt: skip


@pytest.fixture
def eve(user: User) -> Frontend:
    """Somebody else, with a philosopher of her own."""
    eve = User.objects.create_user("eve@example.org", tier_id="premium")
    Philosopher.objects.create(key="eves-own", name_ko="이브", name_en="Eve", owner_id=eve.pk)
    return frontend(eve)


def is_problem(reply: Any, status: int, code: str, language: str) -> dict[str, Any]:
    """RFC 9457, said in the language that was asked for."""
    assert (reply.status_code, reply.json()["code"]) == (status, code), reply.content
    assert reply["Content-Type"] == "application/problem+json"
    assert reply["Content-Language"] == language
    body: dict[str, Any] = reply.json()
    assert (body["status"], body["type"]) == (status, "about:blank")
    assert len(body["detail"]) > 10
    return body


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("path", ["debates/estimate", "debates"])
def test_orders_that_cannot_be_debated(
    api: Frontend, eve: Frontend, path: str, language: str
) -> None:
    before = taken()
    for status, code, change in ORDERS:
        body = ORDER | change if isinstance(change, dict) else change
        is_problem(api.post(path, body, accept_language=language), status, code, language)
    assert taken() == before


def turn_of(debate_id: str, **columns: Any) -> Turn:
    facts = {"number": 1, "step": 0, "stage": "opening", "kind": "moderator_intro",
             "status": "completed", "source": "live", "text": "Welcome.",
             "created_at": clock.now()}
    return Turn.objects.create(debate_id=debate_id, **facts | columns)


@pytest.mark.parametrize("language", ["en", "ko"])
class TestDebates:
    def test_of_somebody_else_are_unknown_at_every_address(
        self, api: Frontend, eve: Frontend, language: str
    ) -> None:
        theirs = eve.create()["id"]
        message = turn_of(theirs).pk
        before, rows = taken(), list(Turn.objects.values())
        for debate_id in (theirs, str(NOBODY), "nonsense", "%00"):
            for method, path, body in (
                ("GET", "", None), ("DELETE", "", None), ("PATCH", "", {"is_public": True}),
                ("POST", "/pause", None), ("POST", "/resume", None), ("GET", "/export", None),
                ("POST", "/turns", {}), ("DELETE", "/turns/1", None),
                ("POST", "/messages", {"text": "Hello."}), ("DELETE", "/messages", None),
            ):
                reply = api.call(
                    method, f"debates/{debate_id}{path}", body, accept_language=language
                )
                is_problem(reply, 404, "debate_unknown", language)
        for message_id in (message, NOBODY, "nonsense"):
            reply = api.post(
                f"messages/{message_id}/rating", {"rating": 1}, accept_language=language
            )
            is_problem(reply, 404, "message_unknown", language)
        assert (taken(), list(Turn.objects.values())) == (before, rows)

    def test_that_are_over_or_paused_go_no_further(self, api: Frontend, language: str) -> None:
        debate_id = api.create(seat="pro1")["id"]
        before = taken()
        for status, code in (
            ("finished", "debate_over"), ("cancelled", "debate_over"), ("paused", "debate_paused")
        ):
            Debate.objects.update(status=status)
            for path, body in (("turns", {}), ("messages", {"text": "But"})):
                reply = api.post(f"debates/{debate_id}/{path}", body, accept_language=language)
                is_problem(reply, 409, code, language)
        assert taken() == before

    def test_turns_that_do_not_come_next(self, api: Frontend, language: str) -> None:
        debate_id = api.create(seat="pro1")["id"]
        turns, before = f"debates/{debate_id}/turns", taken()
        for body, status, code in (
            ({"stage": "closing"}, 409, "stage_out_of_order"),
            ({"speaker": "con1"}, 409, "stage_out_of_order"),
            ({"expected_turn": 7}, 409, "stage_out_of_order"),
            ({"expected_turn": 0}, 400, "invalid_request"),
            ({"expected_turn": "1"}, 400, "invalid_request"),
            ({"expected_turn": 10**30}, 400, "invalid_request"),
            ({"stage": 1}, 400, "invalid_request"),
        ):
            reply = api.post(turns, body, accept_language=language)
            is_problem(reply, status, code, language)
        assert (taken(), Turn.objects.count()) == (before, 0)

    def test_a_turn_while_one_runs_names_it(self, api: Frontend, language: str) -> None:
        debate_id = api.create()["id"]
        running = api.post(f"debates/{debate_id}/turns").json()
        reply = api.post(f"debates/{debate_id}/turns", accept_language=language)
        body = is_problem(reply, 409, "turn_in_progress", language)
        assert (body["turn"], body["turn_id"]) == (1, running["id"])

    def test_turns_that_are_not_there(self, api: Frontend, language: str) -> None:
        debate_id = api.create()["id"]
        for number in ("1", "0", "-1", "x", "9" * 40, "²"):
            reply = api.call(
                "DELETE", f"debates/{debate_id}/turns/{number}", accept_language=language
            )
            is_problem(reply, 404, "turn_unknown", language)

    def test_words_out_of_turn_and_too_many(self, api: Frontend, language: str) -> None:
        debate_id = api.create(seat="pro1")["id"]
        messages = f"debates/{debate_id}/messages"
        for body, status, code in (
            ({"text": "x" * 4_001}, 422, "text_too_long"), ({}, 400, "invalid_request"),
            ({"text": "Hi", "pass": True}, 400, "invalid_request"),
            ({"text": "Not yet mine."}, 409, "stage_out_of_order"),
        ):
            reply = api.post(messages, body, accept_language=language)
            is_problem(reply, status, code, language)
        assert not Turn.objects.exists()

    def test_the_users_turn_is_not_written_for_them(self, api: Frontend, language: str) -> None:
        debate_id = api.create(seat="pro1")["id"]
        turn_of(debate_id)
        reply = api.post(f"debates/{debate_id}/turns", accept_language=language)
        is_problem(reply, 409, "user_turn", language)
        assert Turn.objects.count() == 1

    def test_ratings_and_links_that_say_nothing(self, api: Frontend, language: str) -> None:
        debate_id = api.create()["id"]
        message = turn_of(debate_id).pk
        for method, path, body, code, status in (
            ("POST", f"messages/{message}/rating", {"rating": 5}, "invalid_request", 400),
            ("POST", f"messages/{message}/rating", {"rating": 1, "note": "x" * 501},
             "text_too_long", 422),
            ("PATCH", f"debates/{debate_id}", {"is_public": "yes"}, "invalid_request", 400),
            ("GET", f"debates/{debate_id}/export?format=pdf", None, "invalid_request", 400),
            ("GET", "debates?limit=0", None, "invalid_request", 400),
            ("GET", "debates?limit=1000", None, "invalid_request", 400),
            ("GET", f"debates?after={NOBODY}", None, "invalid_request", 400),
            ("GET", "debates?after=x", None, "invalid_request", 400),
            ("GET", "replays/nothing", None, "debate_unknown", 404),
        ):
            is_problem(api.call(method, path, body, accept_language=language),
                       status, code, language)

    def test_the_same_key_for_another_debate(self, api: Frontend, language: str) -> None:
        assert api.post("debates", ORDER, idempotency_key="k").status_code == 201
        before = taken()
        other = ORDER | {"topic": "Is it right to lie?"}
        reply = api.post("debates", other, idempotency_key="k", accept_language=language)
        is_problem(reply, 409, "idempotency_conflict", language)
        long = api.post("debates", ORDER, idempotency_key="k" * 256, accept_language=language)
        is_problem(long, 400, "invalid_request", language)
        assert taken() == before

    def test_a_quota_that_is_used_up_says_when_it_opens(
        self, api: Frontend, language: str
    ) -> None:
        tier = api.user.tier
        tier.debates_per_day = 1
        tier.save()
        user_caps_apply(user=api.user, at=clock.now())
        api.create()
        before = taken()
        reply = api.post("debates", ORDER, accept_language=language)
        body = is_problem(reply, 429, "quota_exceeded", language)
        assert (body["metric"], body["limit"], body["used"]) == ("debates", 1, 1)
        assert body["resets_at"]
        assert float(body["retry_after"]) > 0
        assert int(reply["Retry-After"]) > 0
        told = api.post("debates/estimate", ORDER, accept_language=language).json()
        assert (told["is_covered"], told["refusal"]["code"]) == (False, "quota_exceeded")
        assert taken() == before

    def test_more_requests_than_a_minute_holds(self, api: Frontend, language: str) -> None:
        api.user.tier.requests_per_minute = 2
        api.user.tier.save()
        with within_one_minute():
            replies = [
                api.post("debates/estimate", ORDER, accept_language=language) for _ in range(3)
            ]
        assert [reply.status_code for reply in replies] == [200, 200, 429]
        body = is_problem(replies[2], 429, "rate_limited", language)
        assert "wait_until" in body["alternatives"]
        assert body["limit"] == 2
        assert api.get("debates").status_code == 200  # looking is free

    def test_korean_with_the_embedded_model_alone(self, api: Frontend, language: str) -> None:
        Deployment.objects.all().update(is_enabled=False)
        Deployment.objects.filter(provider__in=["embedded", "anthropic"]).update(is_enabled=True)
        snapshot.forget()
        before = taken()
        for path in ("debates/estimate", "debates"):
            reply = api.post(path, ORDER | {"language": "ko"}, accept_language=language)
            body = is_problem(reply, 422, "language_unavailable", language)
            assert "ANTHROPIC_API_KEY" in body["detail"]
            assert "Ollama" in body["detail"]
        assert taken() == before
        told = api.post("debates/estimate", ORDER).json()
        assert (told["model_classes"], told["is_lean"]) == (["local"], True)


def test_a_body_that_is_no_json_is_told_apart(api: Frontend) -> None:
    reply = api.client.post(
        "/api/v1/debates", {"topic": "x"}, headers=api.headers
    )
    assert (reply.status_code, reply.json()["code"]) == (415, "unsupported_media_type")


def test_who_has_no_key_is_told_to_bring_one(api: Frontend) -> None:
    for method, path in (("GET", "debates"), ("POST", "debates"), ("GET", f"debates/{NOBODY}")):
        reply = Frontend(api.user, {}).call(method, path)
        assert (reply.status_code, reply["WWW-Authenticate"]) == (401, "Bearer")


def test_a_limit_of_money_is_told_in_credits(api: Frontend) -> None:
    api.user.tier.usd_per_day_nanos = 2_000_000
    api.user.tier.save()
    Deployment.objects.filter(model_class="local").update(is_enabled=False)
    snapshot.forget()
    user_caps_apply(user=api.user, at=clock.now())
    refused = api.post("debates", ORDER).json()
    estimate = api.post("debates/estimate", ORDER).json()["refusal"]
    for body in (refused, estimate):
        assert (body["code"], body["metric"]) == ("quota_exceeded", "usd")
        assert (body["used"], body["limit"]) == ("0.000", "2.000")
