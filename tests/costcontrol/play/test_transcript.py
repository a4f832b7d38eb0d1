"""A debate as its page shows it: who sits where, what was said in which stage, what it took."""

from typing import Any
from uuid import uuid4

import pytest

from accounts.models import User
from billing.models import UsageRecord
from costcontrol.lib import clock
from costcontrol.play import transcript
from routing.debates import shown, transcripts
from routing.models import Debate, Turn
from tests.costcontrol.play.conftest import debate_of, signed_in, turn_of


def told(debate: Debate, *, may_see_costs: bool = False) -> dict[str, Any]:
    return shown.debate_json(shown.whole_of(debate), may_see_costs=may_see_costs)


def turns(debate: Debate, **more: bool) -> list[transcript.Turn]:
    return [turn for part in transcript.sections(told(debate, **more)) for turn in part.turns]


def test_turns_stand_under_their_stages_in_order(bob: User) -> None:
    parts = transcript.sections(told(debate_of(bob, said=7)))
    assert [part.title for part in parts] == [
        "Opening", "Arguments for", "Arguments against", "First summary", "Attack and defence"
    ]
    assert [turn.text for part in parts for turn in part.turns] == [f"#{n}" for n in range(7)]


def test_speaker_has_a_side_and_whom_they_speak_to(bob: User) -> None:
    first, *_others, attack = turns(debate_of(bob, said=5))
    assert (first.name, first.side, first.side_word) == ("Moderator", "moderator", "")
    assert (attack.name, attack.side_word) == ("Aristotle", "CON")
    assert attack.kind == "Attack, to Socrates"


def test_step_that_was_tried_again_is_shown_once(bob: User) -> None:
    debate = debate_of(bob, said=1)
    turn_of(debate, 1, status="failed", text="", error_code="upstream_timeout", error="Too slow.")
    assert turns(debate)[1].note == "Too slow. Press “Next” to have it tried again."
    turn_of(debate, 1, text="At last.")
    assert [turn.text for turn in turns(debate)] == ["#0", "At last."]


def test_turn_that_stopped_because_nobody_watched_says_so(bob: User) -> None:
    debate = debate_of(bob)
    turn_of(debate, 0, status="cancelled", error_code="nobody_watching", text="Welcome to")
    assert "nobody was watching" in turns(debate)[0].note
    debate.status = "cancelled"
    assert turns(debate)[0].note == "It was stopped."


def test_costs_are_for_those_who_may_see_them(bob: User) -> None:
    debate = debate_of(bob, said=1)
    assert turns(debate)[0].facts == ("written now", "small model", "1.25 credits")
    staff = turns(debate, may_see_costs=True)[0]
    assert staff.facts == (
        "written now", "small model", "anthropic/claude-haiku-5-5", "1.25 credits", "$0.001250"
    )


@pytest.mark.parametrize(
    ("source", "layer", "words", "staffs"),
    [("cache", "pattern", "from the store", ("from the store", "stored for everybody")),
     ("cache", "precomputed", "from the store", ("from the store", "made ahead")),
     ("template", "template", "a template", ("a template",))],
)
def test_where_a_turn_came_from_is_said_and_staff_see_which_store(
    bob: User, source: str, layer: str, words: str, staffs: tuple[str, ...]
) -> None:
    debate = debate_of(bob, said=1)
    call_id = uuid4()
    Turn.objects.filter(debate=debate).update(source=source, call_id=call_id)
    UsageRecord.objects.create(
        call_id=call_id, at=clock.now(), attempt=0, outcome="cached", cache_layer=layer,
        confidence="exact", user_id=bob.pk, debate_id=str(debate.pk),
    )
    assert turns(debate)[0].facts[0] == words
    assert turns(debate, may_see_costs=True)[0].facts[: len(staffs)] == staffs


def test_of_a_step_that_was_written_anew_the_text_that_stands_is_shown(bob: User) -> None:
    debate = debate_of(bob, said=1)
    Turn.objects.filter(debate=debate).update(status="replaced")
    turn_of(debate, 0, text="Another text.")
    assert [turn.text for turn in turns(debate)] == ["Another text."]
    Turn.objects.filter(debate=debate, number=1).update(status="completed")
    Turn.objects.filter(debate=debate, number=2).update(status="failed", text="")
    shown, = turns(debate)
    assert (shown.number, shown.status) == (1, "completed")


PAGE = {"title": "<b>Virtue</b>", "url": "https://a.example/?a=1&b=2", "text": "It is <i>so</i>."}
NO_PAGE = {"title": "Click", "url": "javascript:alert(1)", "text": ""}


@pytest.mark.parametrize("where", ["play", "replay"])
def test_pages_of_the_web_are_links_that_can_do_nothing_else(bob: User, where: str) -> None:
    debate = debate_of(bob, status="finished", is_public=True, share_key="k" * 20)
    turn_of(debate, 1, search="found", citations=[PAGE, NO_PAGE])
    path = f"/play/{debate.pk}/" if where == "play" else f"/replays/{debate.share_key}/"
    html = signed_in(bob).get(path).content.decode()
    shown = html.partition('id="turn-1"')[2].partition("<footer")[0]
    assert shown.count("<a ") == 1
    assert (
        '<a href="https://a.example/?a=1&amp;b=2" target="_blank" rel="noopener nofollow '
        'noreferrer">&lt;b&gt;Virtue&lt;/b&gt;</a> <span class="note">It is &lt;i&gt;so'
    ) in shown
    assert "javascript:" not in shown
    assert 'data-slot="sources">' in shown


def test_a_search_that_found_nothing_is_said_beneath_the_turn(bob: User) -> None:
    debate = debate_of(bob)
    turn_of(debate, 1, search="failed")
    turn_of(debate, 2)
    (failed, plain) = turns(debate)
    assert "written without" in failed.search_note
    assert (failed.sources, plain.search_note, plain.sources) == ((), "", ())


def test_who_was_cut_off_is_told_so(bob: User) -> None:
    debate = debate_of(bob, said=2)
    Turn.objects.filter(debate=debate, number=2).update(
        error_code="length", error="Time is up, Socrates."
    )
    assert [turn.note for turn in turns(debate)] == ["", "Time is up, Socrates."]


def test_users_own_turn_costs_nothing_and_is_not_rated(bob: User) -> None:
    own = turns(debate_of(bob, said=2, seat="pro1"))[1]
    assert own.is_users
    assert not own.may_be_rated
    assert own.facts == ()


def test_turn_without_words_says_that_they_passed(bob: User) -> None:
    debate = debate_of(bob, said=1, seat="pro1")
    turn_of(debate, 1, text="")
    assert turns(debate)[1].note == "passes"


def test_replay_says_nothing_of_what_it_took(bob: User) -> None:
    replay = transcripts.replay_json(shown.whole_of(debate_of(bob, said=2)))
    found = [turn for part in transcript.sections(replay) for turn in part.turns]
    assert [turn.facts for turn in found] == [(), ()]
    assert not any(turn.id or turn.call_url for turn in found)


def test_credits_are_written_with_as_few_digits_as_say_them() -> None:
    shown_as = {"0.000": "0", "1.250": "1.25", "1234.000": "1,234", "0.004": "0.004"}
    assert {given: transcript.credits_text(given) for given in shown_as} == shown_as
