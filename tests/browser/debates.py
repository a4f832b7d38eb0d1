"""Debates of the people of `rows.py`, at every point where a page of one looks different."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from accounts.models import User
from costcontrol.lib import clock
from routing.debates.plan import Shape, plan_of
from routing.debates.types import SIDES, Step
from routing.models import Debate, Philosopher, Topic, Turn, TurnEvent

FINISHED, OPEN, RUNNING, ONES_TURN, BROKEN = (UUID(int=number) for number in range(101, 106))
FOR_STAFF = UUID(int=106)
SHARED = "a-shared-debate-of-bobs-1"
HAIKU, OPUS = "anthropic/claude-haiku-5-5", "anthropic/claude-opus-5-5"
SAID = (
    "Whoever sacrifices one person to save five turns that person into a unit of arithmetic.\n\n"
    "Once we count like that, nobody is safe. Would you agree to the sum if you were the one?"
)

PAGES = [
    {"title": "The trolley problem", "url": "https://a.example/trolley%20problem?page=2",
     "text": "Nine of ten people who were asked would pull the lever."},
    {"title": "A very long title of a page that nobody has shortened " * 2,
     "url": "https://b.example/" + "long" * 30, "text": ""},
]


def debates_make(customer: User, staff: User) -> None:
    """In English, as most lines of the pages' own are looked at in Korean too."""
    debate_make(FINISHED, customer, said=99, status="finished", is_public=True, share_key=SHARED)
    debate_make(OPEN, customer, said=9, format="2v2", degraded_reason=DEGRADED)
    running = debate_make(RUNNING, customer, said=5)
    turn_begin(running, 5)
    debate_make(ONES_TURN, customer, said=4, seat="con1")
    broken = debate_make(BROKEN, customer, said=2)
    turn_make(broken, steps_of(broken)[2], status="failed", text="", error_code="upstream_timeout",
              error="The model took too long.")  # fmt: skip
    debate_make(FOR_STAFF, staff, said=99, status="finished")


DEGRADED = "A budget is nearly used up, so the debate goes on with a smaller model."


def debate_make(debate_id: UUID, user: User, *, said: int, **columns: Any) -> Debate:
    """With so many turns. They cast the topic that is asked for second most often."""
    topic, now = Topic.objects.get(popularity_rank=2), clock.now()
    facts = {"format": "1v1", "is_lean": True, "status": "open", "language": "en"} | columns
    size = int(facts["format"][0])
    debate = Debate.objects.create(
        id=debate_id, user_id=user.pk, topic_key=topic.key, topic=topic.en, created_at=now,
        cast={side: entries(topic.default_cast[side][:size]) for side in SIDES}, seen_at=now,
        finished_at=now if facts["status"] == "finished" else None, **facts,
    )
    for step in steps_of(debate)[:said]:
        turn_make(debate, step)
    return debate


def steps_of(debate: Debate) -> tuple[Step, ...]:
    return plan_of(Shape(debate.format, debate.seat, is_lean=True))


def entries(keys: list[str]) -> list[dict[str, Any]]:
    rows = {row.key: row for row in Philosopher.objects.filter(key__in=keys, is_current=True)}
    return [
        {"key": key, "version": rows[key].version, "name_ko": rows[key].name_ko,
         "name_en": rows[key].name_en}
        for key in keys
    ]  # fmt: skip


def turn_make(debate: Debate, step: Step, **columns: Any) -> Turn:
    """What the models said, some of it before."""
    source = "user" if step.is_users else ("cache" if step.index % 5 == 1 else "live")
    at = debate.created_at + timedelta(seconds=step.index)
    facts = {
        "status": "completed", "source": source, "text": SAID, "is_whole": True,
        "rating": 1 if step.index == 2 else None, "completed_at": at,
    }
    if step.kind == "opening_statement" and not step.is_users:
        is_found = step.speaker.startswith("pro")
        facts |= {"search": "found" if is_found else "failed",
                  "citations": PAGES if is_found else []}
    if not step.is_users:
        is_hard = step.kind in ("opening_statement", "conclusion")
        facts |= {
            "model_class": "premium" if is_hard else "economy",
            "deployment": OPUS if is_hard else HAIKU, "cost_nanos": 1_250_000 * (1 + 9 * is_hard),
        }
    return Turn.objects.create(
        debate=debate, number=step.index + 1, step=step.index, stage=step.stage, kind=step.kind,
        speaker=step.speaker, target=step.target, created_at=at, **facts | columns,
    )


def turn_begin(debate: Debate, index: int) -> None:
    """Half of it is there, and nobody goes on with it."""
    turn = turn_make(
        debate, steps_of(debate)[index], status="running", text="", is_whole=False, attempt=1,
        completed_at=None,
    )
    started = {
        "turn": turn.number, "id": str(turn.pk), "attempt": 1, "stage": turn.stage,
        "kind": turn.kind, "speaker": turn.speaker, "source": "live", "model_class": "economy",
    }
    pieces = [("turn.started", started), ("delta", {"text": SAID[:90]})]
    TurnEvent.objects.bulk_create(
        TurnEvent(turn=turn, attempt=1, seq=seq, kind=kind, data=data)
        for seq, (kind, data) in enumerate(pieces, 1)
    )
