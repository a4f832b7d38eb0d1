"""A million usage rows of a busy debate platform, made up: enough like it to time reports.

Debates of about 30 calls in some twenty minutes; three plans, two languages, seven deployments,
busy evenings in Seoul, busier weekends, growth; a third comes from caches, some fail, some are
refused. Rows go straight into the table, in the order of time, as the gateway would write them.
"""

import random
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db import connection

from billing.models import UsageRecord

CHUNK = 10_000
CALLS_A_DEBATE = 30
OPUS = "anthropic/claude-opus-5-5"
CLASSES = {
    "embedded/smollm2": "local", "ollama/gemma3": "local",
    "openai/gpt-5.4-nano": "economy", "anthropic/claude-haiku-4-5": "economy",
    "openai/gpt-5.4": "mid", "anthropic/claude-sonnet-5": "mid", OPUS: "premium",
}
NANOS_A_TOKEN = {"local": 0, "economy": 400, "mid": 3_000, "premium": 15_000}
ROUTES = {  # what a plan's calls go to, and how often
    "free": (("embedded/smollm2", "ollama/gemma3"), (3, 7)),
    "premium": (
        ("ollama/gemma3", "openai/gpt-5.4-nano", "anthropic/claude-haiku-4-5", OPUS),
        (4, 3, 2, 1),
    ),
    "enterprise": (
        ("anthropic/claude-haiku-4-5", "openai/gpt-5.4", "anthropic/claude-sonnet-5", OPUS),
        (3, 2, 3, 2),
    ),
}
BY_HOUR_IN_SEOUL = (5, 3, 2, 1, 1, 1, 2, 3, 4, 5, 6, 6, 7, 6, 6, 6, 7, 8, 9, 11, 13, 14, 12, 8)
ENDS = ("complete", "cached", "shared", "failed", "refused", "incomplete", "cancelled")
END_WEIGHTS = (600, 310, 50, 15, 15, 5, 5)
ERRORS = ("upstream_timeout", "upstream_unavailable", "upstream_rate_limited")
REFUSALS = ("quota_exceeded", "rate_limited", "budget_exhausted", "upstream_unavailable")

FIELDS = [field for field in UsageRecord._meta.concrete_fields if not field.primary_key]
SPECIAL = [
    place for place, field in enumerate(FIELDS)
    if field.get_internal_type() in ("UUIDField", "DateTimeField", "DecimalField")
]
COLUMNS = [str(field.column) for field in FIELDS]
DEFAULTS: dict[str, Any] = {
    str(field.column): "" if field.empty_strings_allowed and not field.null else None
    for field in FIELDS
} | {
    "requested_model": "auto", "is_economy": False, "waited_ms": 0, "held_nanos": 0,
    "cost_nanos": 0, "latency_ms": 0, "prompt_cache_nanos": 0, "confidence": "exact",
    "complexity": "medium", "key_prefix": "benchbench",
}
KINDS = (
    "stance_statements", "moderator_intro", "core_arguments", "rag_query", "opening_statement",
    "quality_check", "opening_analysis", "moderator_summary_1", "tone_select", "attack_response",
    "defense_response", "followup_response", "turn_analysis", "moderator_summary_2", "conclusion",
    "closing",
)


def rows(count: int, *, days: int, end: datetime, seed: int = 7) -> Iterator[tuple[Any, ...]]:
    """So many rows in the days before `end`, in the order of time."""
    chance = random.Random(seed)
    per_hour = hourly(count, days=days, end=end)
    running: list[list[Any]] = []
    for hour, calls in per_hour:
        for position in sorted(chance.random() for _ in range(calls)):
            if not running or chance.random() < 1 / CALLS_A_DEBATE:
                running.append(debate(chance))
            of = chance.choice(running[-12:])
            if chance.random() < 1 / CALLS_A_DEBATE and len(running) > 1:
                running.remove(of)
            yield row(chance, hour + timedelta(seconds=3600 * position), *of)


def hourly(count: int, *, days: int, end: datetime) -> list[tuple[datetime, int]]:
    first = end.replace(minute=0, second=0, microsecond=0) - timedelta(days=days)
    hours = [first + timedelta(hours=number) for number in range(days * 24)]
    weights = [
        BY_HOUR_IN_SEOUL[(hour.hour + 9) % 24]
        * (1.4 if (hour + timedelta(hours=9)).weekday() >= 5 else 1)
        * (1 + number / len(hours))
        for number, hour in enumerate(hours)
    ]
    scale = count / sum(weights)
    return [(hour, round(weight * scale)) for hour, weight in zip(hours, weights, strict=True)]


def debate(chance: random.Random) -> list[Any]:
    tier = chance.choices(tuple(ROUTES), (70, 25, 5))[0]
    user = chance.randrange(8_000)
    return [user, tier, chance.choices(("ko", "en"), (7, 3))[0], f"debate-{chance.getrandbits(40)}"]


def row(
    chance: random.Random, at: datetime, user: int, tier: str, language: str, debate_id: str
) -> tuple[Any, ...]:
    end = chance.choices(ENDS, END_WEIGHTS)[0]
    deployment = chance.choices(*ROUTES[tier])[0]
    call_id = uuid.UUID(int=chance.getrandbits(128))
    values = DEFAULTS | {
        "call_id": call_id, "call_kind": KINDS[call_id.int % len(KINDS)], "attempt": 1, "at": at,
        "user_id": user, "tier": tier, "language": language, "debate_id": debate_id,
        "outcome": end, "deployment": deployment, "model_class": CLASSES[deployment],
    }
    if end == "refused":
        values |= {"deployment": "", "model_class": "", "attempt": 0, "latency_ms": 2,
                   "error_code": chance.choice(REFUSALS)}
    elif end == "failed":
        values |= {"error_code": chance.choice(ERRORS), "cost_nanos": 0, "latency_ms": 30_000}
    else:
        values |= answered(chance, end, deployment)
    return tuple(values[column] for column in COLUMNS)


def answered(chance: random.Random, end: str, deployment: str) -> dict[str, Any]:
    fresh, read, output = chance.randrange(200, 1500), chance.choice((0, 800)), 250
    price = NANOS_A_TOKEN[CLASSES[deployment]]
    is_cached = end in ("cached", "shared")
    provider, _, model = deployment.partition("/")
    latency = chance.lognormvariate(7.3, 0.5)
    return {
        "outcome": "cached" if is_cached else end,
        "cache_layer": {"cached": "exact", "shared": "shared"}.get(end, ""),
        "attempt": 0 if is_cached else 1, "provider": provider, "model": model,
        "fresh_input_tokens": fresh, "cache_read_tokens": read, "cache_write_tokens": 0,
        "output_tokens": output, "price_fresh_input": Decimal(price) / 1000,
        "cost_nanos": 0 if is_cached else (fresh + read // 10 + 5 * output) * price,
        "prompt_cache_nanos": 0 if is_cached else (read - read // 10) * price,
        "baseline": OPUS, "baseline_nanos": (fresh + read + 5 * output) * 15_000,
        "latency_ms": chance.randrange(1, 12) if is_cached else int(latency),
    }


def insert(made: Iterator[tuple[Any, ...]]) -> Iterator[int]:
    """Write them all; yields how many are written so far."""
    write = copy_rows if connection.vendor == "postgresql" else insert_rows
    total = 0
    while chunk := list(islice(made, CHUNK)):
        write(chunk)
        total += len(chunk)
        yield total


def insert_rows(chunk: list[tuple[Any, ...]]) -> None:
    marks = ", ".join(["%s"] * len(COLUMNS))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO billing_usagerecord ({', '.join(COLUMNS)}) VALUES ({marks})",
            [stored(values) for values in chunk],
        )


def stored(values: tuple[Any, ...]) -> list[Any]:
    """As SQLite keeps it; only three kinds of columns differ."""
    found = list(values)
    for place in SPECIAL:
        found[place] = FIELDS[place].get_db_prep_save(found[place], connection)
    return found


def copy_rows(chunk: list[tuple[Any, ...]]) -> None:
    statement = f"COPY billing_usagerecord ({', '.join(COLUMNS)}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for values in chunk:
            copy.write_row(values)
