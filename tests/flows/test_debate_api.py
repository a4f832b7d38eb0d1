"""The API of debates with several web processes: who asks twice at once, who asks for others."""

import asyncio
from collections import Counter
from typing import Any

import aiohttp
import httpx
import pytest

from billing.models import Reservation, Window
from costcontrol.lib import clock
from routing.models import Debate, Turn
from tests.flows.rows import Account, account, tier
from tests.flows.server import Gateway, Reply, reply_of
from tests.services.plain import PLAIN

pytestmark = pytest.mark.postgresql
AT_ONCE = 12
HELD = 1  # for the first stage; to finish, this house has a model that costs nothing
ORDER: dict[str, Any] = {
    "topic": "Should machines have rights?", "language": "en",
    "cast": {"pro": ["kant"], "con": ["nietzsche"]},
}


def at_once(gateway: Gateway, who: Account, path: str, bodies: list[Any], **headers: str) -> Any:
    """All of them at the same moment, each on a connection of its own."""

    async def one(http: aiohttp.ClientSession, n: int, body: Any) -> Reply:
        numbered = {name: text.format(n=n) for name, text in headers.items()}
        url, sent = f"{gateway.url}/api/v1/{path}", who.headers(**numbered)
        async with http.post(url, json=body, headers=sent) as reply:
            low = {name.lower(): value for name, value in reply.headers.items()}
            return reply_of(reply.status, low, await reply.text())

    async def everybody() -> list[Reply]:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as http:
            return await asyncio.gather(*(one(http, n, body) for n, body in enumerate(bodies)))

    return asyncio.run(everybody())


def quota_used(who: Account) -> int:
    mine = Window.objects.filter(scope_kind="user", scope_id=str(who.user.pk), metric="debates")
    return sum(mine.values_list("spent", flat=True))


def held_for(debates: Any) -> int:
    ids = [debate.pk for debate in debates]
    return Reservation.objects.filter(call_id__in=ids, state=Reservation.State.HELD).count()


def test_the_same_order_many_times_at_once_is_one_debate(four_workers: Gateway) -> None:
    who = account("premium")
    replies = at_once(
        four_workers, who, "debates", [ORDER] * AT_ONCE, idempotency_key="once"
    )
    assert Counter(reply.status for reply in replies) == {201: 1, 200: AT_ONCE - 1}
    assert len({reply.data["id"] for reply in replies}) == 1
    [debate] = Debate.objects.filter(user_id=who.user.pk)
    assert (quota_used(who), held_for([debate])) == (1, HELD)


def test_the_last_of_the_quota_is_taken_once(four_workers: Gateway) -> None:
    who = account(tier(debates_per_day=1))
    four_workers.sees_new_rows()
    replies = at_once(
        four_workers, who, "debates", [ORDER] * AT_ONCE, idempotency_key="key {n}"
    )
    assert Counter(reply.status for reply in replies) == {201: 1, 429: AT_ONCE - 1}
    refused = {reply.data["code"] for reply in replies if reply.status == 429}
    assert refused == {"quota_exceeded"}
    made = Debate.objects.filter(user_id=who.user.pk)
    assert (made.count(), quota_used(who), held_for(made)) == (1, 1, HELD)


def test_an_ended_debate_is_given_back_once(four_workers: Gateway) -> None:
    who = account("premium")
    made = four_workers.post(who, ORDER, "/api/v1/debates").data["id"]

    async def cancel(http: aiohttp.ClientSession) -> bool:
        url = f"{four_workers.url}/api/v1/debates/{made}"
        async with http.delete(url, headers=who.headers()) as reply:
            assert reply.status == 200
            return bool((await reply.json())["is_quota_returned"])

    async def everybody() -> list[bool]:
        async with aiohttp.ClientSession() as http:
            return await asyncio.gather(*(cancel(http) for _ in range(AT_ONCE)))

    assert sum(asyncio.run(everybody())) == 1
    assert (quota_used(who), held_for(Debate.objects.filter(pk=made))) == (0, 0)


def test_words_of_the_user_are_said_once(four_workers: Gateway) -> None:
    who = account("premium")
    made = four_workers.post(who, ORDER | {"seat": "pro1"}, "/api/v1/debates").data["id"]
    now = clock.now()
    Turn.objects.create(
        debate_id=made, number=1, step=0, stage="opening", status="completed", created_at=now
    )
    said = [{"text": "No."}] * AT_ONCE
    replies = at_once(four_workers, who, f"debates/{made}/messages", said, idempotency_key="m")
    assert Counter(reply.status for reply in replies) == {201: 1, 200: AT_ONCE - 1}
    assert Turn.objects.filter(debate_id=made).count() == 2


def test_streams_of_others_are_unknown_and_end_for_their_owner(four_workers: Gateway) -> None:
    who, other = account("premium"), account("premium")
    made = four_workers.post(who, ORDER | {"seat": "pro1"}, "/api/v1/debates").data["id"]
    Turn.objects.create(
        debate_id=made, number=1, step=0, stage="opening", status="completed",
        created_at=clock.now(),
    )
    four_workers.post(who, {"text": "No."}, f"/api/v1/debates/{made}/messages")
    path = f"/api/v1/debates/{made}/turns/2/stream"
    told, foreign, nobody = (get(four_workers, path, each) for each in (who, other, None))
    assert "event: delta" in told.text
    assert '{"text": "No."}' in told.text
    assert (foreign.status, foreign.data["code"]) == (404, "debate_unknown")
    assert nobody.status == 401
    last = told.text.rpartition("id: ")[2].splitlines()[0]
    assert get(four_workers, path, who, last_event_id=last).status == 204
    assert get(four_workers, path, who, last_event_id="1.999").data["code"] == "event_unknown"


def get(gateway: Gateway, path: str, who: Account | None, **headers: str) -> Reply:
    sent = who.headers(**headers) if who else headers
    reply = httpx.get(gateway.url + path, headers=sent, **PLAIN, timeout=20)
    return reply_of(reply.status_code, reply.headers, reply.text)
