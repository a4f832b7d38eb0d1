"""Errors speak the caller's language; rows and the log speak English."""

import json
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.flows.rows import account, deployment, paid_body, records, tier
from tests.flows.server import Gateway
from tests.services.plain import PLAIN
from tests.upstreams.metered import Manner, Metered

KOREAN = {"accept_language": "ko-KR,ko;q=0.9,en;q=0.8"}


def test_a_wrong_call_is_explained_in_the_callers_language(gateway: Gateway) -> None:
    alice = account()
    wrong = paid_body() | {"temperature": 9}
    told = gateway.post(alice, wrong, **KOREAN)
    assert told.error["message"] == "“temperature” 값은 0에서 2 사이의 수여야 합니다."
    assert told.headers["content-language"] == "ko"
    assert gateway.post(alice, wrong).error["message"].startswith("“temperature” must be a number")


def test_an_unknown_key_is_refused_in_korean(gateway: Gateway) -> None:
    """The key is looked up in a thread of its own, which knows nothing of the caller's language."""
    headers = {"authorization": "Bearer cc-nobody-x"} | {"accept-language": "ko"}
    url = f"{gateway.url}/v1/models"
    reply = httpx.get(url, headers=headers, **PLAIN)
    message = reply.json()["error"]["message"]
    assert message == "등록되지 않은 API 키입니다. 키를 확인하거나 새로 만드세요."


def test_a_quota_is_explained_in_korean_and_recorded_in_english(gateway: Gateway) -> None:
    poor = account(tier(requests_per_day=0))
    told = gateway.post(poor, paid_body("quota"), **KOREAN)
    assert told.error["code"] == "quota_exceeded"
    assert told.error["message"].startswith("한도에 도달했습니다: 호출 0건 중 0건")
    [row] = records(told.call_id)
    assert "Limit reached: 0 of 0 calls" in row.reason


def test_a_stream_that_breaks_ends_in_korean(gateway: Gateway, upstream: Metered) -> None:
    upstream.will(Manner(cut_after=6))
    with gateway.streaming(account(), paid_body("broken"), **KOREAN) as lines:
        events = lines.read()
    message = events[-1]["error"]["message"]
    assert "연결" in message, json.dumps(events[-1])


def test_one_failure_is_told_to_each_caller_in_their_language(
    gateway: Gateway, upstream: Metered
) -> None:
    """Two callers of one account read along with the same call, which fails for both."""
    alice = account()
    url = upstream.url + "/openai/v1"
    name = deployment("lab/one-failure", url, model="paid", model_class="mid", priority=999).name
    gateway.sees_new_rows()
    upstream.will(*[Manner(status=500, wait_s=0.3)] * 2)
    body = paid_body("shared", model=name)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(gateway.post, alice, body, **KOREAN)
        second = pool.submit(gateway.post, alice, body)
        korean, english = first.result(), second.result()
    assert korean.error["message"].startswith("이 호출에 답할 수 있는 모델에 장애가 있습니다(")
    assert "(상태 500)" in korean.error["message"]
    assert "(status 500)" in english.error["message"]
    assert len(upstream.sales) == 2  # one call, tried twice
