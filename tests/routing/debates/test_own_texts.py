"""What users wrote themselves goes when they say so, after its days, and with their account."""

from datetime import timedelta
from uuid import uuid4

import pytest
from pytest_django.fixtures import Settings

from accounts.closing import account_close
from accounts.models import User
from billing.models import Reservation
from costcontrol.lib import clock
from routing import forgetting, snapshot, tasks
from routing.debates import events, messages, own_texts, services, turns
from routing.debates.endings import steps_left
from routing.debates.orders import order_of
from routing.models import BackgroundCall, CallText, Debate, Turn, TurnEvent
from tests.billing.books import usage
from tests.routing.debates.playing import caller_of, next_turn, rows_make

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
SECRET = "My name is Dora and I live in Busan."
MARK = "[This text was deleted.]"


@pytest.fixture
def user(nothing_remembered: None) -> User:
    return rows_make()


def spoken(user: User, *, seat: str = "pro1") -> Debate:
    """A debate in which the user has spoken, with notes of calls in the background."""
    caller, now = caller_of(user), clock.now()
    data = {"topic": "Is it right to lie?", "seat": seat,
            "cast": {"pro": ["kant"], "con": ["nietzsche"]}, "context": SECRET}
    debate = services.debate_create(
        order_of(data, caller=caller), caller=caller, snapshot=snapshot.latest(), now=now
    ).debate
    Turn.objects.filter(pk=next_turn(debate).pk).update(
        status="completed", source="live", text="Welcome.", attempt=1, rating_note=SECRET
    )
    if seat:
        turns.message_add(debate, text=SECRET, is_pass=False, caller=caller, now=now)
    for kind, speaker in (
        ("context_summary", ""), ("opening_analysis", "pro1"), ("core_arguments", "con1"),
    ):
        BackgroundCall.objects.create(
            debate=debate, kind=kind, speaker=speaker, step=1, call_id=uuid4(), created_at=now,
            text=SECRET if kind != "core_arguments" else "theirs",
        )
    return debate


def speak(debate: Debate, user: User) -> None:
    """In their next turn; what others say until then is said."""
    while steps_left(debate)[0].speaker != debate.seat:
        Turn.objects.filter(pk=next_turn(debate).pk).update(
            status="completed", source="live", text="So it is.", attempt=1
        )
    turns.message_add(debate, text=SECRET, is_pass=False, caller=caller_of(user), now=clock.now())


def secrets() -> list[str]:
    """Tables in which the user's words are still to be found."""
    rows = {
        "debate": list(Debate.objects.values_list("context", "topic")),
        "turn": list(Turn.objects.values_list("text", "rating_note")),
        "event": list(TurnEvent.objects.values_list("data", flat=True)),
        "background": list(BackgroundCall.objects.values_list("text", flat=True)),
    }
    return [name for name, found in rows.items() if SECRET in str(found)]


def test_they_go_when_the_user_says_so_and_leave_a_mark(user: User) -> None:
    debate = spoken(user)
    assert secrets() == ["debate", "turn", "event", "background"]
    now = clock.now()
    assert own_texts.texts_delete(debate, now=now) == 1
    assert secrets() == []
    debate.refresh_from_db()
    assert (debate.texts_deleted_at, debate.topic) == (now, "Is it right to lie?")
    texts = list(Turn.objects.order_by("number").values_list("text", flat=True))
    assert texts == ["Welcome.", MARK]
    assert BackgroundCall.objects.get(kind="core_arguments").text == "theirs"
    pieces = TurnEvent.objects.filter(kind="delta").values_list("data", flat=True)
    assert list(pieces) == [{"text": MARK}]


def test_again_deletes_nothing_more_and_a_pass_is_no_text(user: User) -> None:
    debate = spoken(user)
    own_texts.texts_delete(debate, now=clock.now())
    assert own_texts.texts_delete(debate, now=clock.now()) == 0
    other = spoken(user, seat="")
    assert own_texts.texts_delete(other, now=clock.now()) == 0


def test_prompts_that_were_kept_go_too(user: User) -> None:
    debate, now = spoken(user), clock.now()
    for debate_id in (str(debate.pk), str(uuid4())):
        call_id = uuid4()
        usage(uuid4(), call_id=call_id, cost=1, user_id=user.pk, debate_id=debate_id).save()
        CallText.objects.create(
            call_id=call_id, user_id=user.pk, at=now, answer=SECRET, expires_at=now, messages=[]
        )
    own_texts.texts_delete(debate, now=now)
    kept = CallText.objects.values_list("call_id", flat=True)
    assert list(kept) == [call_id]


def test_the_debate_goes_on_afterwards(user: User) -> None:
    debate = spoken(user)
    own_texts.texts_delete(debate, now=clock.now())
    assert next_turn(debate).speaker == "con1"


class TestDays:
    def test_they_are_kept_so_many_days_and_no_longer(self, user: User, settings: Settings) -> None:
        settings.DEBATE_TEXT_DAYS = 30
        debate, now = spoken(user), clock.now()
        begun = debate.created_at
        assert own_texts.purge(now=begun + timedelta(days=30)) == 0
        assert secrets() == ["debate", "turn", "event", "background"]
        assert own_texts.purge(now=begun + timedelta(days=30, seconds=1)) == 1
        assert secrets() == []
        assert own_texts.purge(now=now + timedelta(days=60)) == 0

    def test_debates_without_any_are_left_alone(self, user: User, settings: Settings) -> None:
        debate = spoken(user, seat="")
        Debate.objects.update(context="")
        Turn.objects.update(rating_note="")
        assert own_texts.purge(now=clock.now() + timedelta(days=60)) == 0
        debate.refresh_from_db()
        assert debate.texts_deleted_at is None

    def test_many_are_purged_in_turns(
        self, user: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _ in range(3):
            spoken(user)
        monkeypatch.setattr(own_texts, "DEBATES_AT_ONCE", 2)
        assert own_texts.purge(now=clock.now() + timedelta(days=60)) == 3


    def test_notes_to_ratings_go_where_nothing_else_was_written(self, user: User) -> None:
        spoken(user, seat="")
        Debate.objects.update(context="")
        BackgroundCall.objects.all().delete()
        assert secrets() == ["turn"]
        assert own_texts.purge(now=clock.now() + timedelta(days=60)) == 1
        assert secrets() == []

    def test_what_is_written_after_a_deletion_goes_in_its_turn(self, user: User) -> None:
        debate, caller = spoken(user), caller_of(user)
        own_texts.texts_delete(debate, now=clock.now())
        Turn.objects.filter(pk=next_turn(debate).pk).update(
            status="completed", source="live", text="No.", attempt=1
        )
        turn = Turn.objects.get(text="No.")
        messages.message_rate(
            turn.pk, {"rating": -1, "note": SECRET}, caller=caller, now=clock.now()
        )
        assert secrets() == ["turn"]
        assert own_texts.purge(now=clock.now() + timedelta(days=60)) == 1
        assert secrets() == []
        speak(debate, user)
        assert secrets() == ["turn", "event"]
        assert own_texts.purge(now=clock.now() + timedelta(days=60)) == 1
        assert secrets() == []

    def test_the_hourly_task_does_it(self, user: User) -> None:
        spoken(user)
        tasks.purge()
        assert secrets() == ["debate", "turn", "event", "background"]
        Debate.objects.update(created_at=clock.now() - timedelta(days=31))
        tasks.purge()
        assert secrets() == []


class TestClosedAccount:
    @pytest.mark.parametrize("whose", ["own", "of their service"])
    def test_closing_it_is_enough(self, user: User, whose: str) -> None:
        spoken(user)
        closing = user
        if whose != "own":
            closing = User.objects.create_user("app@example.org", tier_id="free")
            User.objects.filter(pk=user.pk).update(owner=closing, external_id="d7", email=None)
        account_close(closing, at=clock.now())
        assert secrets() == []
        assert Debate.objects.get().status == "cancelled"

    def test_what_a_worker_wrote_meanwhile_goes_an_hour_later(self, user: User) -> None:
        spoken(user)
        account_close(user, at=clock.now())
        Turn.objects.update(text=SECRET)
        forgetting.stragglers(now=clock.now() + timedelta(hours=1))
        assert secrets() == []

    def test_no_word_stays_and_nothing_is_held(self, user: User) -> None:
        debate = spoken(user)
        services.debate_share(debate, is_public=True)
        Turn.objects.filter(source="live").update(text=f"You said: {SECRET}")
        assert own_texts.forget([user.pk], now=clock.now()) == 1
        assert secrets() == []
        debate.refresh_from_db()
        assert (debate.status, debate.topic, debate.share_key) == ("cancelled", "", "")
        assert not Reservation.objects.filter(state=Reservation.State.HELD).exists()
        assert own_texts.forget([user.pk], now=clock.now()) == 0

    def test_who_reads_along_is_told_that_it_is_over(self, user: User) -> None:
        turn = next_turn(spoken(user))
        account_close(user, at=clock.now())
        left = [(event.kind, event.is_last) for event in events.events_after(turn.pk, events.START)]
        assert left == [("turn.cancelled", True)]

    def test_nor_the_names_of_philosophers_they_made(self, user: User) -> None:
        debate = spoken(user)
        own = {"key": "own-1", "version": 1, "name_ko": SECRET, "name_en": SECRET}
        debate.cast["con"] = [own]
        debate.save()
        own_texts.forget([user.pk], now=clock.now())
        debate.refresh_from_db()
        assert SECRET not in str(debate.cast)
        assert debate.cast["con"][0]["key"] == "own-1"
        assert debate.cast["pro"][0]["name_en"] == "Kant"

    def test_debates_of_others_stay_as_they_are(self, user: User) -> None:
        spoken(user)
        own_texts.forget([user.pk + 1], now=clock.now())
        assert secrets() == ["debate", "turn", "event", "background"]
