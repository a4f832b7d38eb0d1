"""What a debate would have from the store, told before it is made, and what that leaves to pay."""

from typing import Any

import pytest

from accounts.models import User
from costcontrol.lib import clock
from routing import snapshot
from routing.debates import services
from routing.debates.estimates import Estimate
from routing.debates.orders import order_of
from routing.models import AnswerSeen, Debate, Turn
from tests.routing.debates.playing import (
    caller_of,
    kind_change,
    next_turn,
    person_make,
    rows_make,
    run,
)
from tests.routing.debates.test_shared import first

pytestmark = [pytest.mark.usefixtures("stage"), pytest.mark.postgresql]


def estimate(user: User, *, with_store: bool = True, **changes: Any) -> Estimate:
    caller = caller_of(user)
    return services.estimated(
        order_of(body(**changes), caller=caller, reads="en"), caller=caller,
        snapshot=snapshot.latest(), now=clock.now(), with_store=with_store,
    )


def body(**changes: Any) -> dict[str, Any]:
    made = Debate.objects.order_by("created_at")[0]
    cast = {side: [one["key"] for one in made.cast[side]] for side in ("pro", "con")}
    return {"topic_id": made.topic_key, "language": "en", "cast": cast, **changes}


async def test_a_debate_that_was_watched_before_is_told_to_cost_nothing() -> None:
    _made, played = await first()
    found = await run(lambda: estimate(person_make()))
    assert [(turn.step, turn.kind) for turn in found.from_store] == [
        (turn.step, turn.kind) for turn in played
    ]
    assert {turn.source for turn in found.from_store} == {"cache"}
    assert (found.low_nanos, found.high_nanos) == (0, 0)
    assert sum(stage.calls for stage in found.stages) == 0
    plain = await run(lambda: estimate(person_make(), with_store=False))
    assert sum(stage.cached for stage in found.stages) == sum(s.calls for s in plain.stages)
    assert not plain.from_store


async def test_it_is_told_what_is_then_done_and_nothing_is_taken_for_it() -> None:
    await first()
    await run(kind_change, "moderator_intro", variants=0, may_be_template=True)
    seen = await run(AnswerSeen.objects.count)
    user = await run(person_make)
    found = await run(lambda: estimate(user, seat="con1"))
    assert await run(AnswerSeen.objects.count) == seen
    assert [(turn.kind, turn.source) for turn in found.from_store] == [
        ("moderator_intro", "template"), ("opening_statement", "cache"),
    ]
    stages = {stage.stage: stage for stage in found.stages}
    assert (stages["opening"].templates, stages["opening"].cached) == (1, 1)  # and the positions
    assert stages["pro_argument"].calls == 0
    assert stages["interactive_argument"].low_nanos > 0

    def made() -> list[str]:
        caller = caller_of(user)
        debate = services.debate_create(
            order_of(body(seat="con1"), caller=caller, reads="en"), caller=caller,
            snapshot=snapshot.latest(), now=clock.now(),
        ).debate
        return [next_turn(debate).source for _ in range(2)]

    assert await run(made) == [Turn.Source.TEMPLATE, Turn.Source.CACHE]


async def test_whoever_has_seen_a_text_is_not_promised_it() -> None:
    made, _played = await first()
    user = await run(User.objects.get, pk=made.user_id)
    found = await run(lambda: estimate(user))
    assert found.from_store == ()
    assert found.low_nanos > 0


async def test_nothing_is_promised_where_nothing_is_shared() -> None:
    await first()
    for changes in ({"context": "A report of my own."}, {"language": "ko"}):
        found = await run(lambda changes=changes: estimate(person_make(), **changes))
        assert found.from_store == ()


async def test_without_any_rows_the_welcome_and_the_end_are_templates() -> None:
    user = await run(rows_make)
    for kind in ("moderator_intro", "closing"):
        await run(kind_change, kind, may_be_template=True)
    order = {"topic": "Is my neighbour right?", "cast": {"pro": ["kant"], "con": ["nietzsche"]},
             "language": "en"}
    found = await run(lambda: services.estimated(
        order_of(order, caller=caller_of(user), reads="en"), caller=caller_of(user),
        snapshot=snapshot.latest(), now=clock.now(), with_store=True,
    ))
    assert [turn.kind for turn in found.from_store] == ["moderator_intro", "closing"]
    assert found.low_nanos > 0
