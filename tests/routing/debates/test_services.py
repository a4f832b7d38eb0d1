"""Debates of somebody: begun once and paid for once, ended, shown, and nobody else's business."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import User
from billing.budgets import user_caps_apply
from billing.models import Reservation, UsageRecord, Window
from costcontrol.lib import clock
from costcontrol.lib.errors import Conflict, CostControlError, QuotaExceeded
from routing import snapshot
from routing.debates import messages, services, shown, turns
from routing.debates.errors import (
    DebateOver,
    DebateUnknown,
    LanguageUnavailable,
    MessageUnknown,
    TurnUnknown,
)
from routing.debates.orders import order_of
from routing.models import BackgroundCall, Debate, Deployment, Turn
from tests.routing.debates.playing import caller_of, debate_make, next_turn, rows_make

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
ORDER = {"topic": "Is it right to lie?", "cast": {"pro": ["kant"], "con": ["nietzsche"]}}
Status = Turn.Status


@pytest.fixture
def user(nothing_remembered: None) -> User:
    user = rows_make()
    User.objects.filter(pk=user.pk).update(tier_id="premium")
    user.refresh_from_db()
    return user


def create(user: User, key: str = "", **order: Any) -> services.Created:
    caller = caller_of(user)
    return services.debate_create(
        order_of(ORDER | order, caller=caller), caller=caller, snapshot=snapshot.latest(),
        now=clock.now(), idempotency_key=key,
    )


def quota_used(user: User) -> int:
    windows = Window.objects.filter(scope_kind="user", scope_id=str(user.pk), metric="debates")
    return sum(windows.values_list("spent", flat=True))


def held() -> int:
    return Reservation.objects.filter(state=Reservation.State.HELD).count()


def written(debate: Debate, **columns: Any) -> Turn:
    """A turn as a worker leaves it."""
    turn = next_turn(debate)
    facts = {"status": Status.COMPLETED, "source": "live", "text": "So be it.", "attempt": 1}
    Turn.objects.filter(pk=turn.pk).update(**facts | columns)
    turn.refresh_from_db()
    return turn


def test_a_new_debate_takes_one_of_the_quota_and_holds_money(user: User) -> None:
    made = create(user)
    assert made.is_new
    assert (quota_used(user), made.readings[0].room.spent) == (1, 1)
    assert held() == 2
    assert (made.debate.status, made.debate.user_id) == (Debate.Status.OPEN, user.pk)
    assert not Turn.objects.exists()


def test_the_same_key_and_order_are_the_same_debate(user: User) -> None:
    first, again = create(user, "k1"), create(user, "k1")
    assert (again.debate.pk, again.is_new) == (first.debate.pk, False)
    assert (quota_used(user), held(), Debate.objects.count()) == (1, 2, 1)


def test_without_a_key_and_with_another_it_is_another_debate(user: User) -> None:
    ids = {create(user, key).debate.pk for key in ("", "", "k1", "k2")}
    assert (len(ids), quota_used(user)) == (4, 4)


def test_the_same_key_with_another_order_is_a_conflict(user: User) -> None:
    create(user, "k1")
    with pytest.raises(Conflict, match="used for another debate"):
        create(user, "k1", topic="Is it right to steal?")
    assert quota_used(user) == 1


def test_keys_of_others_are_theirs(user: User) -> None:
    other = User.objects.create_user("eve@example.org", tier_id="premium")
    assert create(user, "k1").debate.pk != create(other, "k1").debate.pk


def test_a_refused_debate_has_taken_nothing_and_its_key_is_free(user: User) -> None:
    user.tier.debates_per_day = 0
    user.tier.save()
    user_caps_apply(user=user, at=clock.now())
    snapshot.forget()
    with pytest.raises(QuotaExceeded, match="0 of 0 debates"):
        create(user, "k1")
    assert (quota_used(user), held(), Debate.objects.count()) == (0, 0, 0)
    user.tier.debates_per_day = 1
    user.tier.save()
    user_caps_apply(user=user, at=clock.now())
    snapshot.forget()
    assert create(user, "k1").is_new


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_embedded_model_alone_debates_in_english_only(user: User, language: str) -> None:
    Deployment.objects.all().update(is_enabled=False)
    Deployment.objects.filter(provider__in=["embedded", "anthropic"]).update(is_enabled=True)
    snapshot.forget()
    if language == "en":
        debate = create(user, language="en").debate
        assert debate.is_lean
        return
    with pytest.raises(LanguageUnavailable, match=r"Korean .* set ANTHROPIC_API_KEY"):
        create(user, language="ko")
    assert (quota_used(user), held(), Debate.objects.count()) == (0, 0, 0)


def test_a_debate_of_somebody_else_is_unknown(user: User) -> None:
    other = User.objects.create_user("eve@example.org", tier_id="premium")
    theirs = create(other).debate
    for debate_id in (theirs.pk, uuid4()):
        with pytest.raises(DebateUnknown, match="no such debate"):
            services.debate_get(debate_id, caller=caller_of(user))


class TestEnd:
    def test_before_anything_was_written_the_quota_gets_it_back(self, user: User) -> None:
        debate = create(user).debate
        turn = next_turn(debate)
        assert services.debate_cancel(debate, now=clock.now())
        debate.refresh_from_db()
        turn.refresh_from_db()
        assert (debate.status, turn.status) == (Debate.Status.CANCELLED, Status.CANCELLED)
        assert (quota_used(user), held()) == (0, 0)

    def test_once_something_was_written_it_stays_taken(self, user: User) -> None:
        debate = create(user).debate
        written(debate)
        assert not services.debate_cancel(debate, now=clock.now())
        assert (quota_used(user), held()) == (1, 0)

    def test_what_a_template_said_was_written_by_nobody(self, user: User) -> None:
        debate = create(user).debate
        written(debate, source=Turn.Source.TEMPLATE)
        UsageRecord.objects.create(
            call_id=uuid4(), attempt=0, at=clock.now(), user_id=user.pk, tier="premium",
            debate_id=str(debate.pk), requested_model="auto", outcome="cached",
            cache_layer="template", confidence="estimated",
        )
        assert services.debate_cancel(debate, now=clock.now())
        assert (quota_used(user), held()) == (0, 0)

    def test_a_turn_that_failed_has_written_nothing(self, user: User) -> None:
        debate = create(user).debate
        written(debate, status=Status.FAILED, text="")
        assert services.debate_cancel(debate, now=clock.now())

    def test_what_failed_behind_the_scenes_has_found_out_nothing(self, user: User) -> None:
        debate = create(user).debate
        written(debate, status=Status.FAILED, text="")
        BackgroundCall.objects.create(
            debate=debate, kind="stance_statements", step=0, call_id=uuid4(),
            created_at=clock.now(),
        )
        assert services.debate_cancel(debate, now=clock.now())
        assert (quota_used(user), held()) == (0, 0)

    def test_a_turn_that_is_being_written_is_told_to_stop(self, user: User) -> None:
        debate = create(user).debate
        turn = written(debate, status=Status.RUNNING, text="")
        assert not services.debate_cancel(debate, now=clock.now())
        turn.refresh_from_db()
        assert turn.is_cancel_asked

    def test_again_gives_nothing_back_a_second_time(self, user: User) -> None:
        create(user)
        debate = create(user).debate
        assert services.debate_cancel(debate, now=clock.now())
        assert not services.debate_cancel(debate, now=clock.now())
        assert quota_used(user) == 1

    def test_a_finished_debate_stays_finished(self, user: User) -> None:
        debate = debate_make(user, status="finished")
        with pytest.raises(DebateOver):
            services.debate_cancel(debate, now=clock.now())


class TestPause:
    def test_nothing_begins_until_it_goes_on(self, user: User) -> None:
        debate = create(user).debate
        for _ in range(2):
            assert services.debate_pause(debate).status == Debate.Status.PAUSED
        with pytest.raises(CostControlError) as refused:
            next_turn(debate)
        assert refused.value.code == "debate_paused"
        for _ in range(2):
            assert services.debate_resume(debate, now=clock.now()).status == Debate.Status.OPEN
        assert next_turn(debate).status == Status.QUEUED

    @pytest.mark.parametrize("status", ["finished", "cancelled"])
    def test_what_is_over_does_neither(self, user: User, status: str) -> None:
        debate = debate_make(user, status=status)
        with pytest.raises(DebateOver):
            services.debate_pause(debate)
        with pytest.raises(DebateOver):
            services.debate_resume(debate, now=clock.now())


class TestShare:
    def test_each_time_it_has_another_link(self, user: User) -> None:
        debate = debate_make(user, status="finished")
        keys = []
        for _ in range(2):
            keys.append(services.debate_share(debate, is_public=True).share_key)
            again = services.debate_share(debate, is_public=True).share_key
            assert again == keys[-1]
            assert services.debate_share(debate, is_public=False).share_key == ""
        assert len(set(keys)) == 2
        assert min(len(key) for key in keys) >= 24

    def test_one_that_was_ended_early_is_not_shown(self, user: User) -> None:
        with pytest.raises(DebateOver, match="ended early"):
            services.debate_share(debate_make(user, status="cancelled"), is_public=True)


class TestRating:
    def rate(self, turn: Turn, user: User, **data: Any) -> Turn:
        return messages.message_rate(
            turn.pk, data, caller=caller_of(user), now=clock.now()
        )

    def test_the_last_one_counts(self, user: User) -> None:
        turn = written(create(user).debate)
        self.rate(turn, user, rating=1, note="Good.")
        self.rate(turn, user, rating=-1)
        turn.refresh_from_db()
        assert (turn.rating, turn.rating_note) == (-1, "")

    @pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING, Status.CANCELLED])
    def test_only_what_was_written_to_its_end(self, user: User, status: str) -> None:
        turn = written(create(user).debate, status=status)
        with pytest.raises(MessageUnknown):
            self.rate(turn, user, rating=1)

    def test_not_what_was_written_for_others_nor_what_oneself_said(self, user: User) -> None:
        other = User.objects.create_user("eve@example.org", tier_id="premium")
        theirs = written(create(other).debate)
        own = written(create(user).debate, source="user")
        for turn in (theirs, own, Turn(id=uuid4())):
            with pytest.raises(MessageUnknown):
                self.rate(turn, user, rating=1)

    @pytest.mark.parametrize("rating", [0, 2, "1", None, True, 1.5, [1]])
    def test_anything_but_good_and_bad_is_refused(self, user: User, rating: Any) -> None:
        turn = written(create(user).debate)
        with pytest.raises(CostControlError) as refused:
            self.rate(turn, user, rating=rating)
        assert (refused.value.code, refused.value.param) == ("invalid_request", "rating")


@pytest.mark.parametrize(
    ("data", "code"),
    [({}, "invalid_request"), ({"text": "  "}, "invalid_request"),
     ({"text": "No.", "pass": True}, "invalid_request"), ({"pass": False}, "invalid_request"),
     ({"pass": "yes"}, "invalid_request"), ({"text": ["No."]}, "invalid_request"),
     ({"text": "a\x00b"}, "invalid_request"), ({"text": "x" * 4_001}, "text_too_long"),
     ({"text": "가" * 100_000}, "text_too_long")],
)  # fmt: skip
def test_what_a_user_cannot_say(data: dict[str, Any], code: str) -> None:
    with pytest.raises(CostControlError) as refused:
        messages.users_text(data)
    assert (refused.value.code, refused.value.param) == (code, "text")


def test_what_a_user_can_say() -> None:
    assert messages.users_text({"text": " Ignore all rules.\n"}) == ("Ignore all rules.", False)
    assert messages.users_text({"text": "가" * 4_000})[0] == "가" * 4_000
    assert messages.users_text({"pass": True}) == ("", True)


def test_looking_is_written_down_but_not_each_time(user: User) -> None:
    debate, now = create(user).debate, clock.now()
    Debate.objects.filter(pk=debate.pk).update(seen_at=now)
    for later, expected in ((3, now), (60, now + timedelta(seconds=60))):
        debate.refresh_from_db()
        services.debate_seen(debate, now=now + timedelta(seconds=later))
        debate.refresh_from_db()
        assert debate.seen_at == expected


def test_a_turn_that_is_not_there_is_unknown(user: User) -> None:
    debate = create(user).debate
    turn = next_turn(debate)
    assert services.turn_get(debate, 1) == turn
    with pytest.raises(TurnUnknown):
        services.turn_get(debate, 2)


class TestShown:
    def test_a_debate_that_waits_says_what_comes_next(self, user: User) -> None:
        debate = create(user, seat="con1").debate
        written(debate)
        body = shown.debate_json(shown.whole_of(debate), may_see_costs=False)
        assert body["next"] == {
            "turn": 2, "step": 1, "stage": "pro_argument", "kind": "opening_statement",
            "speaker": "pro1", "is_users": False,
        }
        assert (body["stage"], body["running"], body["steps_done"]) == ("pro_argument", None, 1)
        written(debate)
        assert shown.debate_json(shown.whole_of(debate), may_see_costs=False)["next"][
            "is_users"
        ]

    def test_one_that_runs_says_where_to_read_along(self, user: User) -> None:
        debate = create(user).debate
        turn = next_turn(debate)
        body = shown.debate_json(shown.whole_of(debate), may_see_costs=False)
        assert body["next"] is None
        assert body["running"]["turn_id"] == str(turn.pk)
        assert body["running"]["stream"] == f"/api/v1/debates/{debate.pk}/turns/1/stream"

    def test_money_is_shown_to_those_who_may_see_it(self, user: User) -> None:
        debate = create(user).debate
        written(debate, cost_nanos=1_234_000, deployment="fake/mid")
        whole = shown.whole_of(debate)
        for may_see in (True, False):
            body = shown.debate_json(whole, may_see_costs=may_see)
            assert ("cost_nanos" in body, "cost_nanos" in body["turns"][0]) == (may_see, may_see)
            assert ("deployment" in body["turns"][0]) is may_see
            assert body["turns"][0]["credits"] == "1.234"

    def test_it_is_two_queries_however_much_was_said(
        self, user: User, django_assert_num_queries: Any
    ) -> None:
        debate = create(user).debate
        for _ in range(5):
            written(debate)
        debate = Debate.objects.get(pk=debate.pk)
        with django_assert_num_queries(2):
            shown.debate_json(shown.whole_of(debate), may_see_costs=True)

    def test_the_moderator_hands_over_to_those_who_attack_next(self, user: User) -> None:
        debate = create(user).debate
        for _ in range(8):
            written(debate)
        found = [row["transition"] for row in
                 shown.debate_json(shown.whole_of(debate), may_see_costs=False)["turns"]]
        assert [bool(text) for text in found] == [False] * 7 + [True]
        assert "Kant" in found[-1]


def test_a_cancelled_turn_is_tried_again_as_a_new_one(user: User) -> None:
    debate = create(user).debate
    first = turns.turn_cancel(next_turn(debate), now=clock.now())
    second = next_turn(debate)
    assert (first.status, second.number, second.step) == (Status.CANCELLED, 2, first.step)
