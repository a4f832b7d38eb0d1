"""Debates that share answers: what the second one is given, what it pays for, and what never."""

import asyncio
from collections import Counter
from contextlib import aclosing
from typing import Any

import pytest

from accounts.models import User
from billing.models import UsageRecord
from routing.debates import turns
from routing.debates.canonical import canonical_request
from routing.debates.events import START
from routing.debates.reading import follow
from routing.debates.reuse import CANONICAL
from routing.debates.shapes import steps_of
from routing.debates.sharing import heard
from routing.models import BackgroundCall, Debate, StoredAnswer, Topic, Turn
from tests.routing.debates.catalogues import own
from tests.routing.debates.playing import (
    again,
    becomes,
    caller_of,
    debate_make,
    ended,
    kind_change,
    kinds_of,
    next_turn,
    of_first,
    person_make,
    play,
    rows_make,
    run,
    until,
    working,
)

pytestmark = [pytest.mark.usefixtures("stage"), pytest.mark.postgresql]
Source = Turn.Source


def on_topic(user: User, number: int = 0, **columns: Any) -> Debate:
    """On a topic of the catalogue, with everything that is found out behind the scenes."""
    topic = Topic.objects.order_by("popularity_rank")[number]
    language = columns.get("language", "en")
    facts = {"topic_key": topic.key, "topic": topic.ko if language == "ko" else topic.en}
    return debate_make(user, **{"is_lean": False, **facts, **columns})


async def first(**columns: Any) -> tuple[Debate, list[Turn]]:
    """Somebody watches a debate to its end, when nothing is stored yet."""
    debate = await run(on_topic, await run(rows_make, model="words"), **columns)
    return debate, await watched(debate)


async def watched(debate: Debate) -> list[Turn]:
    async with working():
        played = await play(debate)
        await until(_all_is_known, debate)
    return played


def _all_is_known(debate: Debate) -> bool:
    """What is learnt after a turn is stored too, in its own time."""
    done = {turn.step for turn in Turn.objects.filter(debate=debate, status="completed")}
    steps = [step for step in steps_of(debate) if step.index in done]
    planned = {each.key for step in steps for each in (*step.before, *step.after)}
    rows = BackgroundCall.objects.filter(debate=debate)
    return planned == {(row.kind, row.speaker, row.step) for row in rows}


async def another(**columns: Any) -> Debate:
    return await run(on_topic, await run(person_make), **columns)


def rows_of(debate: Debate) -> list[UsageRecord]:
    return list(UsageRecord.objects.filter(debate_id=str(debate.pk)))


def unworked(debate: Debate) -> list[Turn]:
    """Next, next, next, without any worker."""
    taken: list[Turn] = []
    while not taken or (taken[-1].status == "completed" and len(taken) < len(steps_of(debate))):
        taken.append(next_turn(debate))
    return taken


# --- the second user -----------------------------------------------------------------------


async def test_a_debate_that_was_watched_before_comes_whole_from_the_store() -> None:
    made, played = await first()
    debate = await another()
    again_played = await run(unworked, debate)
    assert {turn.source for turn in again_played} == {Source.CACHE}
    assert [turn.text for turn in again_played] == [turn.text for turn in played]
    assert sum(turn.cost_nanos for turn in again_played) == 0
    assert (await again(debate)).status == Debate.Status.FINISHED
    before, after = await run(rows_of, made), await run(rows_of, debate)
    assert Counter(row.call_kind for row in after) == Counter(row.call_kind for row in before)
    assert {(row.outcome, row.cost_nanos) for row in after} == {("cached", 0)}
    assert {row.cache_layer for row in after} == {"pattern"}


async def test_its_events_are_those_of_a_live_turn_in_the_same_order() -> None:
    _made, played = await first()
    debate = await another()
    for turn, live in zip(await run(unworked, debate), played, strict=True):
        kinds, wanted = await kinds_of(turn), await kinds_of(live)
        assert _without_repeats(kinds) == _without_repeats(wanted)
        told, was_told = await of_first(turn, "turn.completed"), await of_first(
            live, "turn.completed"
        )
        assert set(told) == set(was_told)
        assert (told["cache"], was_told["cache"]) == ("hit", "miss")
        assert (told["layer"], told["cost_nanos"]) == ("pattern", 0)


def _without_repeats(kinds: list[str]) -> list[str]:
    return [kind for at, kind in enumerate(kinds) if at == 0 or kinds[at - 1] != kind]


async def test_it_pays_for_what_is_not_stored_and_for_nothing_else() -> None:
    await first()
    analysis = StoredAnswer.objects.filter(kind="moderator_summary_1")
    await run(lambda: analysis.update(ended_at="2026-01-01T00:00:00Z", ended_why="purged"))
    debate = await another()
    taken = await run(unworked, debate)
    assert [turn.kind for turn in taken][-1] == "moderator_summary_1"
    async with working():
        summary = await ended(taken[-1])
    assert (summary.source, summary.cost_nanos > 0) == (Source.LIVE, True)
    rows = await run(rows_of, debate)
    assert {row.call_kind for row in rows if row.cost_nanos} == {"moderator_summary_1"}


async def test_what_a_stored_opening_makes_superfluous_is_not_asked_and_still_counted() -> None:
    await first()
    gone = StoredAnswer.objects.filter(kind__in=["core_arguments", "quality_check"])
    await run(gone.delete)
    debate = await another()
    await run(lambda: [next_turn(debate) for _ in range(2)])
    rows = {row.call_kind: row for row in await run(rows_of, debate)}
    assert rows["opening_statement"].confidence == "exact"
    assert rows["rag_query"].confidence == "exact"
    for kind in ("core_arguments", "quality_check"):
        row = rows[kind]
        assert row.reason.startswith("not needed: stored answer")
        assert (row.outcome, row.cost_nanos, row.confidence) == ("cached", 0, "estimated")
        assert row.baseline_nanos is None or row.baseline_nanos > 0
        assert (row.fresh_input_tokens or 0) > 100


async def test_nothing_is_found_out_ahead_for_an_opening_that_is_stored() -> None:
    await first(format="2v2")
    gone = StoredAnswer.objects.filter(kind="opening_statement", side="pro").order_by("pk")
    await run(lambda: gone[:1].get().delete())
    await run(StoredAnswer.objects.filter(kind="core_arguments").delete)
    debate = await another(format="2v2")
    taken = await run(unworked, debate)
    assert taken[-1].status == Turn.Status.QUEUED
    async with working():
        live = await ended(taken[-1])
        await until(_all_is_known, debate)
    assert live.kind == "opening_statement"
    rows = await run(rows_of, debate)
    bought = {(row.call_kind, row.speaker) for row in rows if row.cost_nanos}
    assert bought == {(kind, live.speaker) for kind in
                      ("core_arguments", "opening_statement", "quality_check",
                       "opening_analysis")}


async def test_stored_parts_and_new_ones_make_one_debate_again() -> None:
    """The one is gone where the other has gone on: its way is followed to there, then a new one."""
    await first()
    await run(StoredAnswer.objects.filter(kind="attack_response").delete)
    await run(becomes, "others")
    debate = await another()
    played = await watched(debate)
    live = [turn.kind for turn in played if turn.source == Source.LIVE]
    assert live[0] == "attack_response"
    assert {turn.source for turn in played[:4]} == {Source.CACHE}
    third = await another()
    assert {turn.source for turn in await run(unworked, third)} == {Source.CACHE}


# --- never ---------------------------------------------------------------------------------


async def test_nobody_is_given_one_text_twice_not_even_in_another_debate() -> None:
    made, played = await first(format="1v1")
    await run(becomes, "echo")
    user = await run(User.objects.get, pk=made.user_id)
    debate = await run(on_topic, user)
    second = await watched(debate)
    shown = {turn.answer_id for turn in played} & {turn.answer_id for turn in second}
    assert shown <= {None}
    openings = [turn for turn in second if turn.kind == "opening_statement"]
    assert {turn.source for turn in openings} == {Source.LIVE}
    assert all(turn.answer_id for turn in openings)
    rows = await run(lambda: list(StoredAnswer.objects.filter(kind="opening_statement")))
    assert sorted(row.variant for row in rows) == [0, 0, 1, 1]
    third = await another(variant=1)
    texts = [turn.text for turn in await run(unworked, third) if turn.kind == "opening_statement"]
    assert texts == [turn.text for turn in openings]


@pytest.mark.parametrize(
    "columns", [{"context": "A report."}, {"topic": "Is it, in my own words?"}, {"topic_key": ""}]
)
async def test_what_was_typed_is_in_nothing_that_is_shared(columns: dict[str, Any]) -> None:
    await first()
    known = await run(StoredAnswer.objects.count)
    debate = await another(**columns)
    async with working():
        turn = await ended(await run(next_turn, debate))
        opening = await ended(await run(next_turn, debate))
    assert {turn.source, opening.source} == {Source.LIVE}
    assert (await of_first(opening, "turn.completed"))["cache"] in ("off", "miss")
    assert await run(StoredAnswer.objects.count) == known


async def test_another_language_has_answers_of_its_own() -> None:
    await first()
    debate = await another(language="ko")
    assert [turn.status for turn in await run(unworked, debate)] == ["queued"]


async def test_a_swapped_debate_is_given_the_other_sides_openings() -> None:
    made, _played = await first()
    said = {turn.speaker: turn for turn in await run(lambda: list(
        Turn.objects.filter(debate=made, kind="opening_statement")
    ))}
    debate = await another(is_swapped=True, moderator_style="formal")
    cast = {"pro": made.cast["con"], "con": made.cast["pro"]}
    await run(lambda: Debate.objects.filter(pk=debate.pk).update(cast=cast))
    async with working():
        await ended(await run(next_turn, debate))
    opening = await run(next_turn, debate)
    assert (opening.speaker, opening.source) == ("pro1", Source.CACHE)
    assert opening.answer_id == said["con1"].answer_id
    same = await another(is_swapped=True)  # whose PRO was CON's opponent
    async with working():
        await ended(await run(next_turn, same))
    assert (await run(next_turn, same)).status == Turn.Status.QUEUED


async def test_a_users_own_philosopher_is_heard_by_nobody_else() -> None:
    user = await run(rows_make, model="words")
    hypatia = await run(own, user.pk)
    entry = {"key": hypatia.key, "version": 1, "name_ko": "", "name_en": "Hypatia"}
    debate = await run(on_topic, user)
    cast = {"pro": [entry], "con": debate.cast["con"]}
    await run(lambda: Debate.objects.filter(pk=debate.pk).update(cast=cast))
    debate = await again(debate)
    played = await watched(debate)
    stored = await run(lambda: list(StoredAnswer.objects.all()))
    assert {row.owner_id for row in stored if row.philosopher == hypatia.key} == {user.pk}
    others = {row.kind for row in stored if row.owner_id is None}
    assert others <= {"stance_statements", "core_arguments", "rag_query", "opening_statement",
                      "quality_check", "opening_analysis"}
    assert [turn.kind for turn in played if turn.answer_id] == ["opening_statement"] * 2


async def test_after_a_users_own_words_only_what_does_not_read_them_is_shared() -> None:
    await first()
    known = await run(StoredAnswer.objects.count)
    debate = await another(seat="pro1")
    user = await run(User.objects.get, pk=debate.user_id)
    said = "My private words about my neighbour."

    def speak(text: str) -> Turn:
        caller = caller_of(user)
        return turns.message_add(
            debate, text=text, is_pass=False, caller=caller, now=debate.created_at
        )

    assert (await run(next_turn, debate)).source == Source.CACHE
    await run(speak, said)
    assert (await run(next_turn, debate)).source == Source.CACHE  # CON's own opening
    async with working():
        summary = await ended(await run(next_turn, debate))
        attack = await ended(await run(next_turn, debate))
    assert {summary.source, attack.source} == {Source.LIVE}
    assert (summary.answer_id, attack.answer_id) == (None, None)
    assert await run(StoredAnswer.objects.count) == known
    texts = await run(lambda: " ".join(StoredAnswer.objects.values_list("text", flat=True)))
    assert "neighbour" not in texts


async def test_what_is_stored_was_asked_for_in_the_words_of_its_key_and_no_others() -> None:
    """The model repeats its prompt: what was stored shows what it read."""
    debate = await run(on_topic, await run(rows_make, model="echo"), moderator_style="witty")
    await watched(debate)
    rows = await run(lambda: list(StoredAnswer.objects.filter(kind__in=CANONICAL)))
    assert {row.kind for row in rows} >= {"core_arguments", "opening_statement", "quality_check"}
    found = await run(lambda: heard(list(BackgroundCall.objects.filter(debate=debate))))

    def words_of(row: StoredAnswer) -> list[str]:
        speakers = {"pro": "pro1", "con": "con1"}
        own = [each for each in found if each.speaker == speakers.get(row.side, "")]
        return canonical_request(row.fields, found=own).messages[-1].content.split()

    for row in rows:
        assert row.text.split()[1:] == await run(words_of, row), row.kind


async def test_many_who_read_one_turn_while_it_is_written_are_one_call() -> None:
    debate = await run(on_topic, await run(rows_make, model="words:2"), is_lean=True)
    async with working():
        turn = await run(next_turn, debate)
        read = await asyncio.gather(*(whole_text(turn) for _ in range(10)))
        ended_turn = await ended(turn)
    assert set(read) == {ended_turn.text}
    assert len([row for row in await run(rows_of, debate) if row.cost_nanos]) == 1


async def whole_text(turn: Turn) -> str:
    pieces: list[str] = []
    async with aclosing(follow(turn.pk, START)) as batches:
        async for batch in batches:
            pieces += [event.data["text"] for event in batch if event.kind == "delta"]
            if any(event.is_last for event in batch):
                break
    return "".join(pieces)


# --- templates -----------------------------------------------------------------------------


async def test_a_template_says_what_needs_no_model_and_is_no_hit() -> None:
    debate = await run(on_topic, await run(rows_make, model="words"), is_lean=True)
    for kind in ("moderator_intro", "closing"):
        await run(kind_change, kind, may_be_template=True)
    intro = await run(next_turn, debate)
    assert (intro.status, intro.source, intro.cost_nanos) == ("completed", Source.TEMPLATE, 0)
    assert debate.topic in intro.text
    told = await of_first(intro, "turn.completed")
    assert (told["cache"], told["layer"]) == ("template", "template")
    row, = await run(rows_of, debate)
    assert (row.cache_layer, row.outcome, row.confidence) == ("template", "cached", "estimated")
    assert (row.fresh_input_tokens or 0) > 100 < (row.output_tokens or 0) * 10
    assert (row.deployment, row.model_class) == ("", "")


async def test_a_stored_welcome_comes_before_a_template() -> None:
    await first()
    for kind in ("moderator_intro", "closing"):
        await run(kind_change, kind, may_be_template=True)
    debate = await another()
    taken = await run(unworked, debate)
    assert {turn.source for turn in taken} == {Source.CACHE}


async def test_a_debate_with_a_template_still_finds_out_what_its_turns_want_to_know() -> None:
    debate = await run(on_topic, await run(rows_make, model="words"))
    await run(kind_change, "moderator_intro", may_be_template=True)
    async with working():
        assert (await run(next_turn, debate)).source == Source.TEMPLATE
        await until(BackgroundCall.objects.filter(debate=debate, kind="stance_statements").exists)

