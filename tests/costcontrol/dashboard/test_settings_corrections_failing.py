"""The page of a correction that could not be posted: why, what is left of it, and what to do."""

import random
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from billing import corrections_work
from billing.corrections_failing import undo_of
from billing.models import ModelPrice, PriceCorrection, UsageRecord, Window
from tests.billing import books
from tests.billing.repricing import END, NOW, START, Booked, book, price_make, usage_make
from tests.costcontrol.dashboard.test_settings_corrections import PAGE, TYPED, words

pytestmark = pytest.mark.django_db
State = PriceCorrection.State
LATER = NOW + timedelta(days=5)
SPENT = 10**14
CALLS = 4


@pytest.fixture
def price(db: None) -> ModelPrice:
    return price_make()


@pytest.fixture
def window(db: None) -> Window:
    return books.window_make(10**15)


@pytest.fixture
def called(price: ModelPrice, window: Window) -> list[Booked]:
    chance = random.Random(3)
    bad = books.window_make(10**15, scope="provider")
    return [
        book(chance, [window, bad] if number == CALLS - 1 else [window], outcome="complete",
             processing="standard", at=START + timedelta(hours=number), usage=usage_make(chance))
        for number in range(CALLS)
    ]


@pytest.fixture
def staff(client: Client, alice: User) -> Client:
    names = ("add_pricecorrection",)
    alice.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(alice)
    return client


@pytest.fixture
def failing(staff: Client, price: ModelPrice, called: list[Booked]) -> PriceCorrection:
    """Its last call cannot be corrected. A worker has not found out yet."""
    Window.objects.filter(scope_kind="provider").update(spent=0)
    rates = {"fresh_input": "0", "cache_read": "0", "cache_write": "0", "output": "0.01",
             "search_usd": "0"}
    staff.post(f"{PAGE}prices/{price.pk}/correct/", TYPED | rates)
    made = PriceCorrection.objects.get()
    staff.post(page(made, "post/"), {"confirm": "1"})
    return made


def page(correction: PriceCorrection, action: str = "") -> str:
    return f"{PAGE}corrections/{correction.pk}/{action}"


def worked() -> None:
    corrections_work.work(lambda: LATER)


def stand_as_booked(called: list[Booked]) -> bool:
    rows = UsageRecord.objects.values_list("cost_nanos", flat=True)
    return sum(rows) == sum(one.row.cost_nanos for one in called)


def test_it_says_why_at_which_call_and_that_the_rest_was_taken_out(
    staff: Client, failing: PriceCorrection, called: list[Booked]
) -> None:
    worked()
    failing.refresh_from_db()
    undo = undo_of(failing)
    assert undo
    said = words(staff.get(page(failing)))
    assert "could not be posted" in said
    assert "The database refuses it" in said
    assert "IntegrityError" in said
    assert str(called[-1].row.call_id) in said
    assert failing.changed == CALLS - 1
    assert "attempts had been corrected." in said
    assert f'<a href="{page(undo)}">Correction {undo.pk}</a> took that out again' in said
    assert "As it should have been" not in said
    assert stand_as_booked(called)
    assert "could not be posted" in words(staff.get(f"{PAGE}corrections/"))


def test_it_is_dropped_on_its_page(
    staff: Client, failing: PriceCorrection, called: list[Booked]
) -> None:
    worked()
    said = words(staff.post(page(failing, "drop/"), follow=True))
    assert "is dropped. Nothing of it is in the books" in said
    assert "Try again" not in said
    assert stand_as_booked(called)


def test_it_is_tried_again_on_its_page(
    staff: Client, failing: PriceCorrection, called: list[Booked]
) -> None:
    worked()
    assert "Try again" in words(staff.get(page(failing)))
    Window.objects.filter(scope_kind="provider").update(spent=called[-1].row.cost_nanos)
    response = staff.post(page(failing, "retry/"))
    again = PriceCorrection.objects.latest("pk")
    assert response["Location"] == page(again)
    assert "Post the correction" in words(staff.get(page(again)))
    staff.post(page(again, "post/"), {"confirm": "1"})
    worked()
    again.refresh_from_db()
    assert (again.state, again.changed) == (State.DONE, CALLS)


def test_what_is_still_in_the_books_is_said_by_everybody_whom_it_holds_up(
    staff: Client, failing: PriceCorrection, price: ModelPrice, window: Window,
    called: list[Booked],
) -> None:
    staff.post(f"{PAGE}prices/{price.pk}/correct/", TYPED | {"start": END.isoformat(), "end": ""})
    while failing.state != State.FAILED:
        corrections_work.step(now=LATER)
        failing.refresh_from_db()
    undo = undo_of(failing)
    assert undo
    said = words(staff.get(page(failing)))
    assert "is taking that out of the books" in said
    assert "Try again" not in said
    said = words(staff.post(page(failing, "drop/"), follow=True))
    assert "Wait until that is done" in said
    break_up(window)
    worked()
    for each, sentence in (
        (failing, "attempts had been corrected and still are"), (undo, "is still in the books"),
    ):
        assert sentence in words(staff.get(page(each)))
    waiting = PriceCorrection.objects.exclude(pk__in=[failing.pk, undo.pk]).get()
    staff.post(page(waiting, "post/"), {"confirm": "1"})
    assert "It waits" in words(staff.get(page(waiting)))
    Window.objects.filter(pk=window.pk).update(spent=SPENT)
    staff.post(page(undo, "retry/"))
    worked()
    assert stand_as_booked(called)
    waiting.refresh_from_db()
    assert waiting.state == State.DONE


def break_up(window: Window) -> None:
    """Nothing can be added to it any more."""
    Window.objects.filter(pk=window.pk).update(spent=2**63 - 1)


def test_who_may_not_correct_does_not_try_again(
    staff: Client, failing: PriceCorrection, alice: User
) -> None:
    worked()
    alice.user_permissions.clear()
    assert "Try again" not in words(staff.get(page(failing)))
    assert staff.post(page(failing, "retry/")).status_code == 403
    assert PriceCorrection.objects.count() == 2


def test_attempts_that_are_looked_for_are_said(
    staff: Client, price: ModelPrice, called: list[Booked]
) -> None:
    staff.post(f"{PAGE}prices/{price.pk}/correct/", TYPED)
    made = PriceCorrection.objects.get()
    PriceCorrection.objects.update(state=State.DONE, late_until=LATER)
    assert "It looks for them until" in words(staff.get(page(made)))
    failed: dict[str, Any] = {"failure": "DataError: out of range", "late_until": None}
    PriceCorrection.objects.update(**failed, failed_call=called[0].row.call_id)
    said = words(staff.get(page(made)))
    assert "An attempt that was booked later is not corrected" in said
    assert "larger than a database holds" in said
