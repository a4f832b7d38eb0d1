"""Whole debates on `/api/v1`: what each endpoint answers, to whom, and how often."""

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from routing.models import Debate, Philosopher, Turn
from tests.routing.api.debates.client import ORDER, Frontend, frontend, taken
from tests.routing.api.debates.openapi import matches_schema
from tests.routing.debates.playing import debate_make
from tests.services.minutes import wait_for_a_minute_with

pytestmark = pytest.mark.postgresql


def finish(debate_id: str, **columns: Any) -> None:
    """As the worker leaves a debate, with one turn."""
    turn = Turn.objects.get(debate_id=debate_id)
    facts = {"status": "completed", "source": "live", "text": "Welcome.", "attempt": 1,
             "deployment": "fake/mid", "cost_nanos": 1_500_000}
    Turn.objects.filter(pk=turn.pk).update(**facts | columns)
    Debate.objects.filter(pk=debate_id).update(status="finished", finished_at=turn.created_at)


def test_the_whole_way_of_a_debate_is_as_it_is_documented(api: Frontend) -> None:
    """Each reply has the fields that the OpenAPI document promises, and no other."""
    estimate = api.post("debates/estimate", ORDER)
    made = api.post("debates", ORDER | {"seat": "pro1"}, idempotency_key="k")
    one = f"debates/{made.json()['id']}"
    asked = api.post(f"{one}/turns", {"expected_turn": 1})
    running = api.get(one)
    stopped = api.call("DELETE", f"{one}/turns/1")
    api.post(f"{one}/turns", {"expected_turn": 2})
    Turn.objects.filter(number=2).update(status="completed", source="live", text="Welcome.")
    said = api.post(f"{one}/messages", {"text": "I think not."})
    message = Turn.objects.get(number=2).pk
    rated = api.post(f"messages/{message}/rating", {"rating": -1, "note": "Dull."})
    paused, resumed = api.post(f"{one}/pause"), api.post(f"{one}/resume")
    shared = api.call("PATCH", one, {"is_public": True})
    listed = api.get("debates")
    deleted = api.call("DELETE", f"{one}/messages")
    cancelled = api.call("DELETE", one)
    for name, reply, status in (
        ("debates_estimate", estimate, 200), ("debates_create", made, 201),
        ("turns_next", asked, 202), ("debates_get", running, 200),
        ("turns_cancel", stopped, 200), ("messages_create", said, 201),
        ("messages_rate", rated, 200), ("debates_pause", paused, 200),
        ("debates_resume", resumed, 200), ("debates_share", shared, 200),
        ("debates_list", listed, 200), ("messages_delete", deleted, 200),
        ("debates_cancel", cancelled, 200),
    ):
        assert reply.status_code == status, (name, reply.content)
        matches_schema(name, status, reply.json())


def test_a_service_key_sees_what_it_costs_and_nobody_else(user: User) -> None:
    service = frontend(user, "call", "service")
    debate_id = service.create()["id"]
    service.post(f"debates/{debate_id}/turns")
    finish(debate_id)
    for who, sees in ((service, True), (frontend(user), False)):
        body = who.get(f"debates/{debate_id}").json()
        matches_schema("debates_get", 200, body)
        assert ("cost_nanos" in body, "deployment" in body["turns"][0]) == (sees, sees)
        assert body["turns"][0]["credits"] == "1.500"
        estimate = who.post("debates/estimate", ORDER).json()
        matches_schema("debates_estimate", 200, estimate)
        assert ("low_nanos" in estimate) is sees
        assert ("cost_nanos" in who.get("debates").json()["results"][0]) is sees


def test_a_service_speaks_for_its_users_who_do_not_see_each_other(user: User) -> None:
    service = frontend(user, "call", "service")
    made = service.post("debates", ORDER, x_end_user="debater-7")
    assert made.status_code == 201, made.content
    path = f"debates/{made.json()['id']}"
    codes = [service.get(path, x_end_user=who).status_code for who in ("debater-7", "debater-8")]
    assert codes == [200, 404]
    assert service.get(path).status_code == 404


class TestCreate:
    def test_it_says_what_is_left_of_the_quota(self, api: Frontend) -> None:
        reply = api.post("debates", ORDER)
        body = reply.json()
        assert (body["quota_after"]["used"], body["quota_after"]["limit"]) == (1, 50)
        assert (reply["X-Quota-Limit"], reply["X-Quota-Remaining"]) == ("50", "49")
        assert reply["Location"] == f"/api/v1/debates/{body['id']}"
        assert (body["topic_id"], body["polarity"], body["did_you_mean"]) == (None, "same", [])

    def test_the_same_again_is_the_same_debate_and_takes_nothing(self, api: Frontend) -> None:
        first = api.post("debates", ORDER, idempotency_key="k")
        before = taken()
        again = api.post("debates", ORDER, idempotency_key="k")
        assert (first.status_code, again.status_code) == (201, 200)
        assert again.json() == first.json()
        assert taken() == before

    def test_a_repeat_is_the_same_debate_though_its_cast_is_off_offer(
        self, api: Frontend
    ) -> None:
        first = api.post("debates", ORDER, idempotency_key="k")
        Philosopher.objects.filter(key="kant").update(is_active=False)
        again = api.post("debates", ORDER, idempotency_key="k")
        assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
        assert api.post("debates", ORDER, idempotency_key="other").status_code == 404

    def test_a_topic_of_the_catalogue_comes_with_its_cast(self, api: Frontend) -> None:
        body = api.post("debates", {"topic_id": "t001"}, accept_language="ko").json()
        assert (body["topic_id"], body["format"], body["topic"]["language"]) == (
            "t001", "2v2", "ko"
        )
        assert [len(body["cast"][side]) for side in ("pro", "con")] == [2, 2]

    def test_a_typed_title_of_the_catalogue_is_that_topic(self, api: Frontend) -> None:
        topic = "is it permissible to sacrifice one person in order to save FIVE"
        assert api.post("debates", ORDER | {"topic": topic}).json()["topic_id"] == "t001"

    def test_an_estimate_takes_nothing(self, api: Frontend) -> None:
        before = taken()
        body = api.post("debates/estimate", ORDER).json()
        assert taken() == before
        assert float(body["low_credits"]) <= float(body["high_credits"])
        assert body["is_covered"]
        assert sum(stage["calls"] for stage in body["stages"]) > body["turns"] == 14


class TestTurns:
    def test_nothing_has_to_be_sent_to_ask_for_the_next(self, api: Frontend) -> None:
        debate_id = api.create()["id"]
        reply = api.post(f"debates/{debate_id}/turns")
        assert (reply.status_code, reply.json()["status"]) == (202, "queued")

    @pytest.mark.parametrize("how", ["key", "number"])
    def test_the_same_again_is_the_same_turn(self, api: Frontend, how: str) -> None:
        path = f"debates/{api.create()['id']}/turns"
        body = {"expected_turn": 1} if how == "number" else {}
        headers = {"idempotency_key": "t1"} if how == "key" else {}
        replies = [api.post(path, body, **headers) for _ in range(3)]
        assert [reply.status_code for reply in replies] == [202, 200, 200]
        assert len({reply.json()["id"] for reply in replies}) == 1

    def test_each_is_one_request_of_the_minute(self, api: Frontend) -> None:
        api.user.tier.requests_per_minute = 3
        api.user.tier.save()
        wait_for_a_minute_with(seconds=10)
        path = f"debates/{api.create()['id']}/turns"
        codes = [api.post(path, {"expected_turn": 1}).status_code for _ in range(3)]
        assert codes == [202, 200, 429]

    def test_one_that_is_written_is_told_to_stop(self, api: Frontend) -> None:
        path = f"debates/{api.create()['id']}/turns"
        api.post(path)
        Turn.objects.update(status="running", attempt=1)
        reply = api.call("DELETE", f"{path}/1")
        assert (reply.status_code, reply.json()["status"]) == (202, "running")
        Turn.objects.update(status="completed")
        assert api.call("DELETE", f"{path}/1").status_code == 200

    def test_the_user_may_pass(self, api: Frontend) -> None:
        debate_id = api.create(seat="pro1")["id"]
        api.post(f"debates/{debate_id}/turns")
        Turn.objects.update(status="completed")
        reply = api.post(f"debates/{debate_id}/messages", {"pass": True}, idempotency_key="m")
        again = api.post(f"debates/{debate_id}/messages", {"pass": True}, idempotency_key="m")
        assert (reply.status_code, again.status_code) == (201, 200)
        assert (reply.json()["text"], reply.json()["source"]) == ("", "user")
        assert api.get(f"debates/{debate_id}").json()["next"]["speaker"] == "con1"


class TestReload:
    def test_it_takes_few_queries_however_long_the_debate(
        self, api: Frontend, django_assert_max_num_queries: Any
    ) -> None:
        debate_id = api.create()["id"]
        for number in range(1, 15):
            Turn.objects.create(
                debate_id=debate_id, number=number, step=number - 1, stage="opening",
                status="completed", created_at=Debate.objects.get().created_at,
            )
        with django_assert_max_num_queries(6):  # 3 of them are who asks
            body = api.get(f"debates/{debate_id}").json()
        assert len(body["turns"]) == 14

    def test_somebody_is_watching(self, api: Frontend) -> None:
        debate_id = api.create()["id"]
        Debate.objects.update(seen_at=None)
        api.get(f"debates/{debate_id}")
        assert Debate.objects.get().seen_at is not None


class TestList:
    def test_page_by_page_from_the_newest(self, api: Frontend) -> None:
        made = [str(debate_make(api.user).pk) for _ in range(5)][::-1]
        found, path = [], "debates?limit=2"
        while path:
            body = api.get(path).json()
            found.append([row["id"] for row in body["results"]])
            path = (body["next"] or "").removeprefix("/api/v1/")
        assert found == [made[:2], made[2:4], made[4:]]

    def test_it_takes_as_many_queries_for_many_as_for_one(
        self, api: Frontend, django_assert_max_num_queries: Any
    ) -> None:
        for _ in range(10):
            debate_make(api.user)
        with django_assert_max_num_queries(6):
            assert len(api.get("debates").json()["results"]) == 10

    def test_others_are_not_in_it(self, api: Frontend) -> None:
        debate_make(User.objects.create_user("eve@example.org", tier_id="free"))
        assert api.get("debates").json() == {"next": None, "results": []}


class TestFiles:
    def test_markdown_and_json_come_as_files(self, api: Frontend) -> None:
        debate_id = api.create(topic="거짓말은 나쁜가?")["id"]
        api.post(f"debates/{debate_id}/turns")
        finish(debate_id)
        text, data = (api.get(f"debates/{debate_id}/export?format={kind}")
                      for kind in ("markdown", "json"))
        assert text["Content-Type"] == "text/markdown; charset=utf-8"
        assert "filename*=utf-8''%EA%B1%B0" in text["Content-Disposition"]
        assert text.content.decode().startswith("# 거짓말은 나쁜가?")
        assert json.loads(data.content)["turns"][0]["text"] == "Welcome."
        assert (text["Cache-Control"], data["Cache-Control"]) == ("no-store", "no-store")


class TestReplay:
    def test_anybody_with_the_link_reads_it_until_it_is_private(
        self, api: Frontend, anybody: Client
    ) -> None:
        debate_id = api.create()["id"]
        api.post(f"debates/{debate_id}/turns")
        finish(debate_id)
        shared = api.call("PATCH", f"debates/{debate_id}", {"is_public": True}).json()
        key = shared["replay_url"].strip("/").rpartition("/")[2]
        reply = anybody.get(f"/api/v1/replays/{key}")
        assert (reply.status_code, reply["Cache-Control"]) == (200, "no-cache")
        matches_schema("replays_get", 200, reply.json())
        assert "fake/mid" not in reply.content.decode()
        api.call("PATCH", f"debates/{debate_id}", {"is_public": False})
        assert anybody.get(f"/api/v1/replays/{key}").status_code == 404

    def test_its_link_does_not_open_the_debate(self, api: Frontend, anybody: Client) -> None:
        debate = debate_make(api.user, status="finished", is_public=True, share_key="k" * 24)
        for path in (f"debates/{debate.pk}", f"debates/{'k' * 24}"):
            assert anybody.get(f"/api/v1/{path}").status_code == 401
        assert anybody.post("/api/v1/replays/" + "k" * 24).status_code == 405


class TestSignedIn:
    def test_the_cookie_is_enough_to_look(self, api: Frontend, anybody: Client) -> None:
        debate_id = api.create()["id"]
        anybody.force_login(api.user)
        reply = anybody.get(f"/api/v1/debates/{debate_id}")
        assert (reply.status_code, "cost_nanos" in reply.json()) == (200, False)

    @pytest.mark.parametrize("has_token", [True, False])
    def test_and_with_the_token_of_our_pages_to_act(self, api: Frontend, has_token: bool) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(api.user)
        token = strict.get("/account/profile/").cookies["csrftoken"].value
        before = taken()
        reply = strict.post(
            "/api/v1/debates", json.dumps(ORDER), content_type="application/json",
            headers={"x-csrftoken": token} if has_token else {},
        )
        assert reply.status_code == (201 if has_token else 403)
        if not has_token:
            assert reply.json()["code"] == "csrf_failed"
            assert taken() == before
