"""A debate app's traffic, small: every outcome, class, cache layer and language over 24 days.

The same rows every time: days, hours and sizes come from a fixed seed, costs from the price book.
"""

import io
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.management import call_command

from accounts.models import Tier, User
from billing import ledger
from billing.ledger import Attempt, Hold
from billing.models import UsageRecord, Window
from billing.prices import PriceTable, cost
from billing.savings import prompt_cache_nanos
from billing.usage import Usage
from costcontrol.lib import clock
from costcontrol.lib.money import from_usd
from routing.models import Deployment

STAFF, CUSTOMER, PASSWORD = "alice@example.com", "bob@example.com", "correct horse battery"
FIRST_DAY, DAYS, CALLS_A_DAY = datetime(2026, 10, 28, tzinfo=UTC), 24, 16
RANGE = "from=2026-10-28&to=2026-11-20"
BASELINE = "anthropic/claude-opus-5-5"
LOCAL = "embedded/smollm2-135m"
HAIKU, LUNA = "anthropic/claude-haiku-5-5", "openai/gpt-6-luna"
SONNET, OPUS = "anthropic/claude-sonnet-5-5", "anthropic/claude-opus-5-5"
# the calls whose own pages are looked at
COMPLETE, FAILED_ONCE, CACHED, REFUSED = (UUID(int=number) for number in (1, 2, 3, 4))
Outcome = UsageRecord.Outcome
KINDS = ("rebuttal", "opening", "search_query", "summary")
REFUSALS = ("quota_exceeded", "budget_exhausted", "rate_limited")
FAILURES = ("upstream_timeout", "upstream_unavailable", "upstream_rate_limited")
ANSWERS = (LOCAL, LOCAL, HAIKU, LUNA, HAIKU, SONNET, OPUS)
REASON = "A rebuttal is medium: the hybrid plan asks the economy class first."


class Traffic:
    """Makes the rows of one call after the other."""

    def __init__(self, user: User) -> None:
        self.user, self.chance = user, random.Random(20261125)
        self.prices = PriceTable.load(clock.now())
        self.deployments = {row.name: row for row in Deployment.objects.all()}

    def rows(self) -> Iterator[UsageRecord]:
        for number in range(DAYS * CALLS_A_DAY):
            day, turn = divmod(number, CALLS_A_DAY)
            at = FIRST_DAY + timedelta(days=day, minutes=turn * 87, seconds=number)
            yield from self.call(UUID(int=1_000 + number), at, number)

    def call(self, call_id: UUID, at: datetime, number: int) -> Iterator[UsageRecord]:
        """Of twelve calls two come from caches, one is refused, one fails first, one is cut off."""
        facts = self.facts(call_id, at, number)
        which, name = number % 12, ANSWERS[number % len(ANSWERS)]
        if which in (3, 9):
            yield self.cached(facts, name, "exact" if which == 3 else "shared")
        elif which == 5:
            yield self.refused(facts, REFUSALS[number // 12 % len(REFUSALS)])
        elif which == 7:
            yield self.failed(facts, HAIKU, FAILURES[number // 12 % len(FAILURES)])
            yield self.answered(facts, LUNA, attempt=2)
        elif which == 11:
            ends = (Outcome.INCOMPLETE, Outcome.CANCELLED)
            yield self.answered(facts, name, outcome=ends[number % 2])
        else:
            yield self.answered(facts, name)

    def facts(self, call_id: UUID, at: datetime, number: int) -> dict[str, Any]:
        return {
            "call_id": call_id, "at": at, "user_id": self.user.pk, "key_prefix": "abcd2345",
            "tier": ("free", "premium", "enterprise")[number % 3],
            "debate_id": f"debate-{number // 8}", "call_kind": KINDS[number % len(KINDS)],
            "complexity": ("simple", "medium", "complex")[number % 3],
            "language": ("ko", "en")[number % 2], "requested_model": "auto", "reason": REASON,
            "confidence": "exact", "max_output_tokens": 800,
        }

    def answered(self, facts: dict[str, Any], name: str, **more: Any) -> UsageRecord:
        usage = self.usage(name)
        waited = self.chance.randint(120, 900)
        return UsageRecord(
            **facts | self.priced(name, usage) | {
                "attempt": 1, "outcome": Outcome.COMPLETE, "stop_reason": "stop",
                "limits_ms": 1, "cache_ms": 2, "policy_ms": 1, "begun_ms": 4,
                "waited_ms": 3, "first_token_ms": waited,
                "latency_ms": waited + self.chance.randint(300, 4_000),
            } | more
        )  # fmt: skip

    def cached(self, facts: dict[str, Any], name: str, layer: str) -> UsageRecord:
        nothing = {"cost_nanos": 0, "held_nanos": 0, "prompt_cache_nanos": 0}
        priced = self.priced(name, self.usage(name)) | nothing
        return UsageRecord(
            **facts | priced, attempt=0, outcome=Outcome.CACHED, cache_layer=layer,
            latency_ms=self.chance.randint(2, 30),
        )

    def refused(self, facts: dict[str, Any], code: str) -> UsageRecord:
        return UsageRecord(
            **facts, attempt=0, outcome=Outcome.REFUSED, error_code=code,
            latency_ms=self.chance.randint(1, 9),
        )

    def failed(self, facts: dict[str, Any], name: str, code: str) -> UsageRecord:
        priced = self.priced(name, Usage(1_200, 0, 0, 0))
        return UsageRecord(
            **facts | priced, attempt=1, outcome=Outcome.FAILED, error_code=code, latency_ms=5_000
        )

    def usage(self, name: str) -> Usage:
        fresh, output = self.chance.randint(300, 3_000), self.chance.randint(60, 700)
        has_prompt_cache = name in (SONNET, OPUS)
        return Usage(fresh, 2_048 * has_prompt_cache, 128 * has_prompt_cache, output)

    def priced(self, name: str, usage: Usage) -> dict[str, Any]:
        row, best = self.deployments[name], self.deployments[BASELINE]
        price = self.prices.price(*price_key(row), input_tokens=usage.input_tokens)
        fresh = Usage(usage.input_tokens, 0, 0, usage.output_tokens)
        baseline = self.prices.price(*price_key(best), input_tokens=usage.input_tokens)
        return {
            "deployment": name, "model_class": row.model_class, "provider": row.provider,
            "model": row.model, "price_id": price.id, "price_fresh_input": price.fresh_input,
            "price_cache_read": price.cache_read, "price_cache_write": price.cache_write,
            "price_output": price.output, "fresh_input_tokens": usage.fresh_input_tokens,
            "cache_read_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens, "output_tokens": usage.output_tokens,
            "held_nanos": 2 * cost(usage, price), "cost_nanos": cost(usage, price),
            "prompt_cache_nanos": prompt_cache_nanos(usage, price),
            "baseline": BASELINE, "baseline_nanos": cost(fresh, baseline),
        }


def price_key(row: Deployment) -> tuple[str, str]:
    return row.price_provider or row.provider, row.model


def people_make() -> None:
    """The default rows, alice of the staff, and bob, who is a customer."""
    call_command("load_defaults", stdout=io.StringIO())
    User.objects.create_superuser(STAFF, PASSWORD)
    bob = User.objects.create_user(CUSTOMER, tier=Tier.objects.get(name="premium"))
    # as the site that runs wants it, which is not in a hurry as tests are
    bob.password = PBKDF2PasswordHasher().encode(PASSWORD, "s" * 32)
    bob.save(update_fields=["password"])


def traffic_make() -> None:
    traffic = Traffic(User.objects.get(email=CUSTOMER))
    at = FIRST_DAY + timedelta(days=DAYS - 1, hours=23, minutes=30)
    rows = list(traffic.rows())
    rows += [
        traffic.failed(traffic.facts(FAILED_ONCE, at, 7), HAIKU, FAILURES[0]),
        traffic.answered(traffic.facts(FAILED_ONCE, at, 7), LUNA, attempt=2),
        traffic.cached(traffic.facts(CACHED, at, 3), OPUS, "exact"),
        traffic.refused(traffic.facts(REFUSED, at, 5), REFUSALS[0]),
    ]
    UsageRecord.objects.bulk_create(rows)
    booked(traffic.answered(traffic.facts(COMPLETE, at, 1), SONNET))


def booked(row: UsageRecord) -> None:
    """As a call that the ledger has held money for and settled."""
    window = Window.objects.create(
        scope_kind="platform", metric="usd", period="day", start=FIRST_DAY, zone="Asia/Seoul",
        end=FIRST_DAY + timedelta(days=DAYS), cap=from_usd("100"), rank=0,
    )
    row.reservation_id = UUID(int=9)
    ledger.reserve(
        row.reservation_id, holds=[Hold(window.pk, row.held_nanos)], amount=row.held_nanos,
        attempt=Attempt(row.call_id, row.provider, row.model), is_sent=True,
    )
    ledger.settle(row.reservation_id, charged=row.cost_nanos, usage=row)
