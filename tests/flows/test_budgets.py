"""Limits, from the platform's day to one user's minute: what closes, what still works, what is
said about it."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from billing import ledger
from billing.ledger import Attempt, Hold
from billing.models import Window
from routing.models import Deployment
from tests.flows.rows import (
    CENT,
    LOCAL,
    PAID,
    Account,
    account,
    assert_the_books_agree,
    budget,
    deployment,
    eventually,
    paid_body,
    records,
    records_of,
    spent_by,
    tier,
)
from tests.flows.server import Gateway, Reply, burst
from tests.services.minutes import wait_for_a_minute_with
from tests.upstreams.metered import Manner, Metered

NANO = Decimal("0.000000001")
KOREAN = "소크라테스 선생님, 정의란 무엇이라고 생각하십니까?"


def auto(tag: object = "", *, complexity: str = "medium", **more: Any) -> dict[str, Any]:
    return paid_body(tag, model="auto", metadata={"complexity": complexity}, **more)


class Platform:
    """The platform's day, with a cap of twelve dollars on top of what was spent before."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        gateway.post(account("free"), paid_body(uuid4(), model="auto"))  # makes the window
        self.cap = 100 * (self._window().spent // 50 + 1_000_000_000)
        budget("platform", str(self.cap * NANO))

    def is_at(self, percent: int) -> None:
        """Spend up to so much of the cap, and wait until that is known."""
        window = self._window()
        missing = self.cap * percent // 100 - window.spent
        spend_id = uuid4()
        attempt = Attempt(uuid4(), provider="test", model="test")
        ledger.reserve(
            spend_id, holds=[Hold(window.pk, missing)], attempt=attempt, amount=missing
        )
        ledger.settle(spend_id, charged=missing)
        self._gateway.sees_new_budgets()

    def left(self) -> int:
        window = self._window()
        return window.cap - window.spent - window.held

    def _window(self) -> Window:
        return Window.objects.get(scope_kind="platform", metric="usd", period="day")


@pytest.fixture
def platform(gateway: Gateway) -> Iterator[Platform]:
    yield Platform(gateway)
    budget("platform", "100000")
    gateway.sees_new_budgets()


# --- the platform's day ---------------------------------------------------------------------


def test_at_79_percent_nothing_changes_and_at_81_the_route_does_and_says_so(
    gateway: Gateway, platform: Platform
) -> None:
    alice = account("premium")
    platform.is_at(79)
    before = gateway.post(alice, auto(1))
    platform.is_at(81)
    after = gateway.post(alice, auto(2))
    [normal], [saving] = records(before.call_id), records(after.call_id)
    assert (before.headers["x-route"], after.headers["x-route"]) == ("economy", "local")
    assert (normal.is_economy, saving.is_economy) == (False, True)
    assert "economy mode" not in normal.reason
    assert "economy mode: a budget passed its soft limit" in saving.reason
    assert_the_books_agree()


def test_economy_mode_gives_complex_calls_an_economy_model_and_spares_the_exempt(
    gateway: Gateway, platform: Platform
) -> None:
    exempt = account(tier(is_economy_exempt=True))
    platform.is_at(81)
    saved = gateway.post(account("enterprise"), auto(complexity="complex"))
    spared = gateway.post(exempt, auto(complexity="complex"))
    assert (saved.headers["x-route"], spared.headers["x-route"]) == ("economy", "premium")


def test_economy_mode_keeps_korean_off_the_english_model(
    gateway: Gateway, platform: Platform
) -> None:
    platform.is_at(81)
    reply = gateway.ask(account("premium"), KOREAN)
    assert reply.headers["x-route"] == "economy"


def test_closed_budget_leaves_cache_and_local_models(
    gateway: Gateway, upstream: Metered, platform: Platform
) -> None:
    alice = account("premium")
    stored = gateway.post(alice, auto(complexity="complex"))
    platform.is_at(100)
    again = gateway.post(alice, auto(complexity="complex"))
    local = gateway.post(alice, auto("else", complexity="complex"))
    [row] = records(local.call_id)
    assert stored.headers["x-route"] == "premium"
    assert (again.status, again.headers["x-cache"]) == (200, "hit")
    assert (local.status, local.headers["x-model"]) == (200, LOCAL)
    assert row.cost_nanos == 0
    assert [sale.path.split("/")[1] for sale in upstream.sales][1:] == ["v1", "local"]
    assert platform.left() == 0
    assert_the_books_agree()


@pytest.mark.parametrize(
    "asked", [{"model": "anthropic/claude-opus-5-5"}, {"model": PAID}, {"text": KOREAN}]
)
def test_closed_budget_refuses_what_only_a_cloud_could_answer(
    gateway: Gateway, upstream: Metered, platform: Platform, asked: dict[str, str]
) -> None:
    platform.is_at(100)
    upstream.reset()
    reply = gateway.ask(account("premium"), **asked)
    [row] = records(reply.call_id)
    assert (reply.status, reply.error["code"]) == (503, "budget_exhausted")
    assert reply.error["still_works"] == ["cache", "local"]
    assert reply.error["scope"] == "platform"
    assert datetime.fromisoformat(reply.error["resets_at"]) > row.at
    assert 0 < int(reply.headers["retry-after"]) <= 24 * 3600
    assert reply.headers["x-should-retry"] == "false"
    assert (row.outcome, row.error_code) == ("refused", "budget_exhausted")
    assert upstream.sales == []


def test_raised_budget_opens_at_once(gateway: Gateway, platform: Platform) -> None:
    alice = account("premium")
    platform.is_at(100)
    closed = gateway.post(alice, paid_body(1))
    budget("platform", "100000")
    opened = gateway.post(alice, paid_body(2))
    assert (closed.status, opened.status) == (503, 200)


@pytest.mark.parametrize("kind", ["tier", "key", "provider"])
def test_other_scopes_have_budgets_too(gateway: Gateway, upstream: Metered, kind: str) -> None:
    plan = tier()
    who = account(plan)
    names = {"tier": plan, "key": who.key.split("-")[1], "provider": "anthropic"}
    model = claude_of_its_own(upstream) if kind == "provider" else PAID
    budget(f"{kind}:{names[kind]}", "0")
    try:
        gateway.sees_new_budgets()
        reply = gateway.post(who, paid_body(model=model))
    finally:
        budget(f"{kind}:{names[kind]}", "100000")
        gateway.sees_new_budgets()
    assert reply.status == (429 if kind == "key" else 503)
    assert reply.error.get("scope") == f"{kind}:{names[kind]}", reply.text


def claude_of_its_own(upstream: Metered) -> str:
    """Another test's failures may have opened the breaker of a deployment that all share."""
    name = f"anthropic/{uuid4().hex[:12]}"
    deployment(
        name, f"{upstream.url}/anthropic", provider="anthropic", model="paid", model_class="mid",
        priority=999, api_key_env="ANTHROPIC_API_KEY",
    )
    return name


def test_changed_soft_percent_holds_in_a_running_process(gateway: Gateway) -> None:
    alice = account("premium")
    routes = []
    for soft in ("80", "0", "80"):
        budget(f"user:{alice.email}", "1", "--soft", soft)
        gateway.sees_new_budgets()
        routes.append(gateway.post(alice, auto(len(routes))).headers["x-route"])
    assert routes == ["economy", "local", "economy"]


# --- one user's own limits ------------------------------------------------------------------------


def post(gateway: Gateway, who: Account, tag: object, **more: Any) -> Reply:
    return gateway.post(who, paid_body(tag, **more))


def test_quota_of_calls_closes_after_the_last_one_and_says_all_about_it(gateway: Gateway) -> None:
    alice = account(tier(requests_per_day=2))
    first, second, third = (post(gateway, alice, tag) for tag in range(3))
    again = post(gateway, alice, 1)
    assert [first.status, second.status, third.status] == [200, 200, 429]
    assert third.error["code"] == "quota_exceeded"
    assert (third.error["limit"], third.error["used"]) == (2, 2)
    assert third.error["metric"] == "requests"
    assert "upgrade" not in third.error  # nothing is sold here
    assert third.error["still_works"] == ["cache", "debates"]
    assert datetime.fromisoformat(third.error["resets_at"])
    assert third.headers["x-should-retry"] == "false"
    assert int(third.headers["retry-after"]) > 0
    assert "2 of 2 calls" in third.error["message"]
    assert (again.status, again.headers["x-cache"]) == (200, "hit")
    assert again.headers["x-quota-remaining"] == "0"
    assert_the_books_agree()


@pytest.mark.parametrize(("usd", "statuses"), [("0.02", [200, 200, 429]), ("0.019", [200, 200])])
def test_money_of_a_user_closes_at_its_cap(
    gateway: Gateway, usd: str, statuses: list[int]
) -> None:
    alice = account("premium")
    budget(f"user:{alice.email}", usd)
    replies = [post(gateway, alice, tag, max_tokens=50) for tag in range(len(statuses))]
    cap = int(Decimal(usd) / NANO)
    assert [reply.status for reply in replies] == statuses
    spent, held = spent_by(alice)
    assert cap - CENT // 4 < spent <= cap  # the last answer was cut to what could be paid
    assert held == 0


def test_ceiling_of_the_plan_is_the_users_budget(gateway: Gateway) -> None:
    alice = account(tier(usd_per_day_nanos=CENT))
    replies = [post(gateway, alice, tag, max_tokens=40) for tag in range(2)]
    assert [reply.status for reply in replies] == [200, 429]
    assert replies[1].error["limit"] == CENT
    assert replies[1].error["metric"] == "usd"


def test_sixth_debate_is_refused_while_the_open_ones_go_on(gateway: Gateway) -> None:
    alice = account("free")

    def turn(debate: str, tag: str) -> Reply:
        return gateway.post(alice, paid_body(debate + tag, model="auto"), x_debate_id=debate)

    opened = [turn(f"debate-{n}", "opening") for n in range(5)]
    sixth = turn("debate-5", "opening")
    inside = turn("debate-0", "rebuttal")
    outside = gateway.post(alice, paid_body("no debate", model="auto"))
    assert [reply.status for reply in opened] == [200] * 5
    assert (sixth.status, sixth.error["code"]) == (429, "quota_exceeded")
    assert (sixth.error["limit"], sixth.error["used"]) == (5, 5)
    assert sixth.error["metric"] == "debates"
    assert "5 of 5 debates" in sixth.error["message"]
    assert (inside.status, outside.status) == (200, 200)
    assert [reply.headers["x-quota-remaining"] for reply in opened] == ["4", "3", "2", "1", "0"]
    assert inside.headers["x-quota-limit"] == "5"
    assert_the_books_agree()


def test_same_debate_opened_twice_at_once_is_one_debate(gateway: Gateway) -> None:
    alice = account("free")
    bodies = [(alice, paid_body(tag, model="auto")) for tag in range(3)]
    replies = burst(gateway, *bodies, **{"x-debate-id": "one"})
    window = Window.objects.get(scope_id=str(alice.user.pk), metric="debates")
    assert [reply.status for reply in replies] == [200] * 3
    assert (window.spent, window.held) == (1, 0)


@pytest.mark.parametrize("limit", [3, 1])
def test_more_calls_than_a_minute_may_have_wait(gateway: Gateway, limit: int) -> None:
    alice = account(tier(requests_per_minute=limit))
    wait_for_a_minute_with(seconds=10)
    replies = [post(gateway, alice, tag) for tag in range(limit + 1)]
    assert [reply.status for reply in replies] == [200] * limit + [429]
    assert replies[-1].error["code"] == "rate_limited"
    assert 1 <= int(replies[-1].headers["retry-after"]) <= 60
    assert "x-should-retry" not in replies[-1].headers
    assert len(records_of(alice, count=limit)) == limit


def test_more_calls_at_once_than_the_plan_allows_wait(
    gateway: Gateway, upstream: Metered
) -> None:
    alice = account(tier(concurrent_calls=2))
    upstream.manner = Manner(wait_s=2.9)  # longer than anybody waits for room
    replies = burst(gateway, *[(alice, paid_body(tag)) for tag in range(3)])
    refused = [reply for reply in replies if reply.status != 200]
    upstream.manner = Manner()
    assert [reply.status for reply in replies].count(200) == 2
    assert (refused[0].status, refused[0].error["code"]) == (429, "rate_limited")
    assert refused[0].headers["retry-after"] == "1"
    assert "2 calls at the same time" in refused[0].error["message"]
    eventually(lambda: post(gateway, alice, "later").status == 200, what="room again")
    assert_the_books_agree()


def test_room_that_comes_soon_is_waited_for(gateway: Gateway, upstream: Metered) -> None:
    alice = account(tier(concurrent_calls=2))
    upstream.manner = Manner(wait_s=0.4)
    replies = burst(gateway, *[(alice, paid_body(tag)) for tag in range(4)])
    rows = records_of(alice, count=4)
    assert [reply.status for reply in replies] == [200] * 4
    assert sum(row.waited_ms > 200 for row in rows) == 2


def test_local_model_has_a_short_queue(gateway: Gateway, upstream: Metered) -> None:
    Deployment.objects.filter(name=LOCAL).update(max_concurrency=1)
    try:
        gateway.sees_new_rows()
        upstream.manner = Manner(wait_s=0.4)
        who = account("enterprise")
        bodies = [(who, paid_body(tag, model=LOCAL)) for tag in range(12)]
        replies = burst(gateway, *bodies)
    finally:
        Deployment.objects.filter(name=LOCAL).update(max_concurrency=None)
        gateway.sees_new_rows()
    statuses = [reply.status for reply in replies]
    assert statuses.count(200) == 9  # one at a time, eight in the queue
    assert statuses.count(503) == 3
    assert {reply.error["code"] for reply in replies if reply.status != 200} == {
        "upstream_unavailable"
    }
    assert_the_books_agree()


def test_full_queue_of_a_local_model_spills_to_the_next(
    gateway: Gateway, upstream: Metered
) -> None:
    Deployment.objects.filter(name=LOCAL).update(max_concurrency=1)
    try:
        gateway.sees_new_rows()
        upstream.manner = Manner(wait_s=0.3)
        who = account("premium")
        replies = burst(gateway, *[(who, auto(tag, complexity="simple")) for tag in range(10)])
    finally:
        Deployment.objects.filter(name=LOCAL).update(max_concurrency=None)
        gateway.sees_new_rows()
    assert [reply.status for reply in replies] == [200] * 10
    assert {reply.headers["x-route"] for reply in replies} == {"local", "economy"}
