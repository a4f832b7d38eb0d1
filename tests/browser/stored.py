"""Stored answers, what layers answered, other words for topics: for the pages about caches."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from accounts.models import AuditEvent, User
from billing.models import UsageRecord
from costcontrol.lib import clock
from routing.models import AliasVote, AnswerSeen, StoredAnswer, Topic, TopicAlias, TopicMatch
from tests.browser.rows import OPUS

DAYS = "from=2026-11-22&to=2026-11-24"  # after those of the other calls
FIRST = datetime(2026, 11, 22, 3, tzinfo=UTC)
OPENING = 1  # the id of the answer whose page is looked at
PERSON = "kant"
MILLI = 1_000_000
ARGUMENTS = (
    "Persons must never be treated merely as means to the ends of others.",
    "Persons must never be treated merely as a means to ends of others!",
    "A maxim that cannot be willed as a law for everybody refutes itself.",
)
TEXT = (
    "If a lie could save a friend, would you tell it? I would not, and not out of coldness.\n\n"
    "Whoever lies makes an exception for himself, and takes from the other the ground on which "
    "both of them stand. Truthfulness is no bargain that lapses when its price goes up."
)
KINDS = ("opening_statement", "core_arguments", "moderator_intro", "closing")
LAYERS = ("pattern", "pattern", "precomputed", "exact", "", "", "template")


def stored_make(customer: User) -> None:
    topics = list(Topic.objects.all()[:4])
    for place, topic in enumerate(topics):
        for variant in range(3):
            _answer(topic, place, variant)
    AnswerSeen.objects.create(answer_id=OPENING, user_id=customer.pk, at=clock.now())
    _argument_rows(topics)
    _words(topics, customer)
    UsageRecord.objects.bulk_create(_call(customer, number) for number in range(84))


def _answer(topic: Topic, place: int, variant: int) -> StoredAnswer:
    served = (40, 11, 0)[variant] // (place + 1)
    return StoredAnswer.objects.create(
        key=f"{place:064d}", variant=variant, kind="opening_statement", text=TEXT,
        origin=("live", "batch", "ahead")[(place + variant) % 3], served=served,
        saved_nanos=served * 9 * MILLI, cost_nanos=11 * MILLI, ups=served // 7,
        downs=place * variant, **_about(topic), fields=_fields(topic),
    )


def _about(topic: Topic) -> dict[str, Any]:
    made_at = clock.now() - timedelta(days=3)
    return {
        "topic_key": topic.pk, "side": "pro", "philosopher": PERSON, "language": "en",
        "route": f"premium {OPUS}", "deployment": OPUS, "model_class": "premium",
        "call_id": uuid4(), "made_at": made_at, "soft_until": made_at + timedelta(days=72),
        "hard_until": made_at + timedelta(days=90), "served_at": made_at,
    }


def _fields(topic: Topic) -> dict[str, Any]:
    return {
        "kind": "opening_statement", "lang": "en", "prompt_version": 3, "topic": topic.pk,
        "topic_epoch": 1, "title": topic.en, "side": "pro", "philosopher": [PERSON, 1, None],
    }


def _argument_rows(topics: list[Topic]) -> None:
    for place, topic in enumerate(topics):
        claims = [ARGUMENTS[place % 2], ARGUMENTS[2]][: 1 + place % 2]
        text = json.dumps({"arguments": [{"claim": each, "reason": "So."} for each in claims]})
        StoredAnswer.objects.create(
            key=f"{100 + place:064d}", variant=0, kind="core_arguments", text=text, origin="live",
            **_about(topic),
        )


def _words(topics: list[Topic], customer: User) -> None:
    said = (("May I ever lie to a friend?", "proposed", "chosen"),
            ("Lying, yes or no", "active", "staff"), ("Is truth dead?", "quarantined", "reported"))
    for topic, (text, status, source) in zip(topics, said, strict=False):
        row = TopicAlias.objects.create(
            norm=text.casefold(), text=text, language="en", topic=topic, status=status,
            source=source, created_at=clock.now(),
        )
        AliasVote.objects.create(alias=row, user_id=customer.pk, at=clock.now())
    _matches(topics[0], customer)
    now = clock.now()
    StoredAnswer.objects.create(
        key=f"{200:064d}", variant=0, kind="opening_statement", text=TEXT, origin="live",
        ended_at=now, ended_why="purged", **_about(topics[0]),
    )
    AuditEvent.objects.create(
        actor="alice@example.com", action="answers_purge", target=f"topic_key={topics[0].pk}",
        after={"ended": 1, "at": now.isoformat()},
    )


def _matches(topic: Topic, customer: User) -> None:
    """Two that wait to be judged, two that were."""
    waiting = ("Is a lie ever right?", "거짓말은 언제나 나쁜가?")
    texts = {"": waiting, "right": ("",), "wrong": ("",)}
    for verdict, said in texts.items():
        for place, text in enumerate(said):
            TopicMatch.objects.create(
                draw=f"{verdict}{place}", topic=topic, language=("en", "ko")[place], embedder="h",
                embedder_name="use 0.2.1", text=text, user_id=customer.pk if text else None,
                similarity=0.93, at=clock.now(), verdict=verdict,
                judged_at=clock.now() if verdict else None,
            )


def _call(customer: User, number: int) -> UsageRecord:
    layer, kind = LAYERS[number % len(LAYERS)], KINDS[number % len(KINDS)]
    return UsageRecord(
        call_id=UUID(int=90_000 + number), attempt=0 if layer else 1,
        at=FIRST + timedelta(minutes=49 * number), user_id=customer.pk, tier="premium",
        debate_id=f"stored-{number // 12}", call_kind=kind, complexity="complex",
        language=("ko", "en")[number % 2], requested_model="auto", deployment=OPUS,
        model_class="premium", cache_layer=layer, outcome="cached" if layer else "complete",
        confidence="exact", cost_nanos=0 if layer else 9 * MILLI, baseline=OPUS,
        baseline_nanos=(7 + number % 5) * MILLI, fresh_input_tokens=600, cache_read_tokens=0,
        cache_write_tokens=0, output_tokens=300, latency_ms=5 if layer else 900,
        answer_id=OPENING if layer in ("pattern", "precomputed") else None,
    )
