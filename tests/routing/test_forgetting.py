"""What stored answers know of somebody goes with their account."""

from datetime import timedelta

import pytest

from accounts.closing import account_close, shell_address
from accounts.models import User
from costcontrol.lib import clock
from routing.cache import patterns
from routing.models import AnswerRating, AnswerSeen, StoredAnswer, WhatIfRun
from tests.billing.purses import plan
from tests.routing.cache.answers import NOW, reuse_of, stored

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


def person(name: str) -> User:
    return User.objects.create_user(f"{name}@example.org", tier=plan(name=name))


def test_what_was_seen_and_rated_goes_and_what_others_may_be_given_stays() -> None:
    alice, bob = person("alice"), person("bob")
    shared = stored(reuse_of(), "for everybody", user_id=alice.pk)
    assert shared is not None
    for who in (alice, bob):
        patterns.seen(shared.pk, who.pk, NOW)
        patterns.rate(shared.pk, user_id=who.pk, rating=1, is_staff=False, now=NOW)
    account_close(alice, at=clock.now())
    assert list(AnswerSeen.objects.values_list("user_id", flat=True)) == [bob.pk]
    assert list(AnswerRating.objects.values_list("user_id", flat=True)) == [bob.pk]
    assert StoredAnswer.objects.get() == shared


def test_what_their_own_philosophers_said_goes() -> None:
    alice, bob = person("alice"), person("bob")
    for who in (alice, bob):
        stored(reuse_of(philosopher=["hero", 1, who.pk]), f"spoken for {who.email}")
        cast = {"pro": [["hero", 1, who.pk]], "con": [["kant", 1, None]]}
        stored(reuse_of(kind="moderator_intro", cast=cast, philosopher=None), f"of {who.email}")
    account_close(alice, at=clock.now())
    assert {row.owner_id for row in StoredAnswer.objects.all()} == {bob.pk}
    assert StoredAnswer.objects.count() == 2


def test_their_what_ifs_stay_and_do_not_say_whose_they_were() -> None:
    alice, day = person("alice"), timedelta(days=1)
    WhatIfRun.objects.create(
        title="cheaper", start=NOW - day, end=NOW, changes={}, made_at=NOW, made_by=str(alice)
    )
    account_close(alice, at=clock.now())
    assert WhatIfRun.objects.get().made_by == shell_address(alice)
