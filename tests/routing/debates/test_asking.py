"""Whoever asks for a turn with a key, at the short door, is answered as through the pages' door."""

import json
from collections.abc import AsyncIterator
from typing import Any, cast
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import AsyncRequestFactory, Client

from accounts import auth
from accounts.models import ApiKey, Tier, User
from accounts.services import api_key_issue
from costcontrol.lib import clock, redis
from routing.api.debates.asking import turn_ask
from routing.models import Debate, Turn
from tests.routing.debates.playing import debate_make, person_make, rows_make, run
from tests.services.minutes import within_one_minute

pytestmark = [pytest.mark.usefixtures("stage"), pytest.mark.postgresql]
NOW = clock.now()


@pytest.fixture(autouse=True)
async def closed(stage: None) -> AsyncIterator[None]:
    """Each test has an event loop of its own."""
    yield
    await redis.client().aclose()


class Asking:
    """A customer with a key and a debate."""

    user: User
    debate: Debate
    key: str

    @classmethod
    def made(cls) -> "Asking":
        it = cls()
        it.user = rows_make()
        it.debate = debate_make(it.user)
        it.key = api_key_issue(user=it.user, scopes=("call",), actor="test")[1]
        return it

    async def short(
        self, body: str = "{}", *, debate_id: str = "", method: str = "POST", **headers: str
    ) -> HttpResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = AsyncRequestFactory().generic(
            method, "/", body, "application/json",
            headers={"authorization": f"Bearer {self.key}"} | named,
        )
        answer = await turn_ask(request, debate_id=debate_id or str(self.debate.pk))
        return cast(HttpResponse, answer)

    async def long(self, body: str = "{}", *, debate_id: str = "", **headers: str) -> HttpResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"authorization": f"Bearer {self.key}"} | named
        path = f"/api/v1/debates/{debate_id or self.debate.pk}/turns"
        return cast(HttpResponse, await run(
            Client().post, path, body, content_type="application/json", headers=sent
        ))


def said(answer: HttpResponse) -> tuple[int, dict[str, Any]]:
    return answer.status_code, json.loads(answer.content)


async def test_a_turn_is_made_and_told_as_by_the_other_door() -> None:
    it = await run(Asking.made)

    status, short = said(await it.short('{"expected_turn": 1}'))
    again, same = said(await it.long('{"expected_turn": 1}'))

    assert (status, again) == (202, 200)
    assert short == same
    assert (short["turn"], short["status"]) == (1, "queued")


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ('{"expected_turn": 7}', {}), ('{"expected_turn": "x"}', {}), ('{"stage": 5}', {}),
        ('{"stage": "closing"}', {}), ("[]", {}), ("{", {}),
        ("{}", {"idempotency_key": "k" * 300}), ("{}", {"authorization": "Bearer cc-nobody"}),
        ("{}", {"authorization": "Basic x"}),
    ],
)
async def test_refusals_are_the_same(body: str, headers: dict[str, str]) -> None:
    it = await run(Asking.made)

    short, long = await it.short(body, **headers), await it.long(body, **headers)

    assert said(short) == said(long)
    assert short.status_code >= 400
    assert short.headers["Content-Type"] == long.headers["Content-Type"]
    assert short.headers.get("WWW-Authenticate") == long.headers.get("WWW-Authenticate")
    assert not await run(Turn.objects.exists)


@pytest.mark.parametrize(
    ("rows", "column"), [(ApiKey, {"revoked_at": NOW}), (User, {"is_active": False})]
)
async def test_a_key_that_was_taken_away_opens_neither_door(
    rows: Any, column: dict[str, Any]
) -> None:
    it = await run(Asking.made)
    await run(lambda: rows.objects.update(**column))
    auth.forget_all()

    short, long = await it.short(), await it.long()

    assert said(short) == said(long)
    assert short.status_code == 401
    assert not await run(Turn.objects.exists)


@pytest.mark.parametrize("language", ["ko", "en"])
async def test_refusals_are_in_the_callers_language(language: str) -> None:
    it = await run(Asking.made)
    headers = {"accept_language": language}

    unknown = str(uuid4())
    short = await it.short(debate_id=unknown, **headers)
    long = await it.long(debate_id=unknown, **headers)

    assert said(short) == said(long)
    assert short.headers["Content-Language"] == language


async def test_one_key_asks_once() -> None:
    it = await run(Asking.made)

    first = said(await it.short(idempotency_key="k"))
    again = said(await it.short(idempotency_key="k"))

    assert (first[0], again[0], first[1]) == (202, 200, again[1])
    status, problem = said(await it.short(idempotency_key="other"))
    assert (status, problem["code"], problem["turn"]) == (409, "turn_in_progress", 1)


async def test_somebody_elses_debate_is_unknown() -> None:
    it = await run(Asking.made)
    foreign = await run(debate_make, await run(person_make))

    for debate_id in (str(foreign.pk), "nothing"):
        status, problem = said(await it.short(debate_id=debate_id))
        assert (status, problem["code"]) == (404, "debate_unknown")


async def test_requests_a_minute_are_counted() -> None:
    it = await run(Asking.made)
    await run(Tier.objects.filter(pk="enterprise").update, requests_per_minute=1)

    with within_one_minute():
        await it.short()
        short, long = await it.short(), await it.long()

    assert short.status_code == long.status_code == 429
    assert said(short)[1]["code"] == said(long)[1]["code"] == "rate_limited"


async def test_nothing_else_is_done_here() -> None:
    it = await run(Asking.made)

    answer = await it.short(method="GET")

    assert said(answer)[1]["code"] == "method_not_allowed"
