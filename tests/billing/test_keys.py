"""A budget of a key outlives its secret, and what is spent of it stays spent."""

import pytest

from accounts.keys import NewKey, key_create, key_rotate
from accounts.models import User
from accounts.services import tiers_load
from billing.budgets import Book, WindowRef, window_get
from billing.models import Budget, ScopeKind, Window
from tests.billing.books import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


@pytest.fixture(autouse=True)
def tiers(db: None) -> None:
    tiers_load()


@pytest.fixture
def old() -> NewKey:
    """A key that may spend 100 a day, has spent 60, and has 30 in flight."""
    made = key_create(User.objects.create_user("alice@example.com"), name="laptop", now=NOW)
    Budget.objects.create(
        scope_kind=ScopeKind.KEY, scope_id=made.key.prefix, period="day", cap_nanos=100
    )
    Window.objects.filter(pk=window(made).id).update(spent=60, held=30)
    return made


def window(made: NewKey, *, now: object = NOW) -> WindowRef:
    rule = Book.load().of(ScopeKind.KEY, made.key.prefix)[0]
    return window_get(rule, now=now)  # type: ignore[arg-type]


def cap(ref: WindowRef) -> int:
    return Window.objects.get(pk=ref.id).cap


def test_a_rotated_key_has_what_was_left(old: NewKey) -> None:
    new = key_rotate(old.key, overlap="now", now=NOW)
    assert cap(window(new)) == 10


def test_the_next_period_has_all_of_it_again(old: NewKey) -> None:
    new = key_rotate(old.key, overlap="now", now=NOW)
    end = window(new).end
    assert end is not None
    assert cap(window(new, now=end)) == 100


def test_more_than_all_is_nothing_left(old: NewKey) -> None:
    Window.objects.update(spent=120)  # the last call cost more than it held
    assert cap(window(key_rotate(old.key, overlap="now", now=NOW))) == 0


def test_a_key_without_a_call_yet_hands_on_all_of_it(old: NewKey) -> None:
    Window.objects.all().delete()
    assert cap(window(key_rotate(old.key, overlap="day", now=NOW))) == 100


def test_a_key_without_a_budget_hands_on_none() -> None:
    made = key_create(User.objects.create_user("bob@example.com"), name="laptop", now=NOW)
    new = key_rotate(made.key, overlap="now", now=NOW)
    assert Book.load().of(ScopeKind.KEY, new.key.prefix) == []
