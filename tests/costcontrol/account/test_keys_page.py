"""The page of one's own API keys."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from accounts import auth
from accounts.keys import MAX_OPEN, key_create
from accounts.models import ApiKey, User
from accounts.services import api_key_issue
from billing.models import Budget, UsageRecord
from costcontrol.lib import clock
from costcontrol.lib.errors import Unauthenticated
from tests.services.defaults import defaults_copy

pytestmark = pytest.mark.django_db
PAGE = "/account/keys/"
SECRET = re.compile(r"cc-[a-z0-9]{8}-[A-Za-z0-9_-]{43}")


@pytest.fixture(autouse=True)
def defaults(db: None) -> None:
    defaults_copy()


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice@example.org", zone="Asia/Seoul")


@pytest.fixture
def page(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client


def words(client: Client, url: str = PAGE, status: int = 200) -> str:
    answer = client.get(url)
    assert answer.status_code == status
    return str(answer.content.decode())


def used(user: User, prefix: str, *, days_ago: float = 0, cost: int = 0, **columns: str) -> None:
    UsageRecord.objects.create(
        call_id=uuid4(), attempt=1, at=clock.now() - timedelta(days=days_ago), user_id=user.pk,
        key_prefix=prefix, tier="free", requested_model="auto", confidence="exact",
        cost_nanos=cost, **{"outcome": "complete"} | columns,
    )


def test_secret_is_shown_once_with_a_call_to_try_it(page: Client) -> None:
    answer = page.post(PAGE, {"name": "laptop", "expires": "never"})
    text = answer.content.decode()
    [secret] = set(SECRET.findall(text))
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert "data-copy" in text
    assert escape(f'-H "Authorization: Bearer {secret}"') in text
    assert auth.look_up(secret, "", clock.now()).caller
    assert not SECRET.search(words(page))
    assert "laptop" in words(page)


@pytest.mark.parametrize(("choice", "days"), [("month", 30), ("quarter", 90), ("year", 365)])
def test_key_expires_when_they_chose(page: Client, choice: str, days: int) -> None:
    page.post(PAGE, {"name": "", "expires": choice})
    end = ApiKey.objects.get().expires_at
    assert end is not None
    assert abs(end - clock.now() - timedelta(days=days)) < timedelta(minutes=1)


def test_name_that_is_too_long_gets_a_sentence_and_no_key(page: Client) -> None:
    answer = page.post(PAGE, {"name": "x" * 10_000})
    assert answer.status_code == 400
    assert "10,000 characters" in answer.content.decode()
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not ApiKey.objects.exists()


def test_one_key_too_many_gets_a_sentence(page: Client, alice: User) -> None:
    for _ in range(MAX_OPEN):
        key_create(alice, name="", now=clock.now())
    answer = page.post(PAGE, {"name": "one more"})
    assert answer.status_code == 409
    assert f"You have {MAX_OPEN} keys" in answer.content.decode()


def test_service_key_is_refused_to_who_may_not_have_one(page: Client) -> None:
    answer = page.post(PAGE, {"name": "", "service": "on"})
    assert answer.status_code == 403
    assert not ApiKey.objects.exists()
    assert 'name="service"' not in words(page)


def test_spend_of_each_key_is_its_own(page: Client, alice: User) -> None:
    one, two = (key_create(alice, name=name, now=clock.now()).key for name in ("one", "two"))
    used(alice, one.prefix, cost=1_000_000_000)
    used(alice, one.prefix, days_ago=2, cost=500_000_000)
    used(alice, one.prefix, days_ago=31, cost=70_000_000_000)  # too long ago
    used(alice, two.prefix, cost=20_000_000, outcome="failed")  # costs, and is no call
    Budget.objects.create(scope_kind="key", scope_id=two.prefix, period="day", cap_nanos=3 * 10**9)
    _head, second, first = words(page).split('<li class="card">')  # the newest comes first
    assert "1 call," in first
    assert "2 calls," in first
    assert "$1.00" in first
    assert "$1.50" in first
    assert "0 calls," in second
    assert "$0.0200" in second
    assert "$3.00" in second
    assert "Limit of this key" not in first


def test_calls_of_end_users_count_for_the_service_key(page: Client, alice: User) -> None:
    key, _secret = api_key_issue(user=alice, scopes=("call", "service"), actor="staff")
    end_user = User.objects.create(owner=alice, external_id="debater")
    used(end_user, key.prefix, cost=2_000_000_000)
    assert "$2.00" in words(page)
    assert "Speaks for end users" in words(page)


def test_list_takes_as_many_queries_with_twenty_keys_as_with_one(
    page: Client, alice: User
) -> None:
    counts = []
    for _ in range(2):
        key_create(alice, name="", now=clock.now())
        with CaptureQueriesContext(connection) as queries:
            words(page)
        counts.append(len(queries))
        for _ in range(8):
            key_create(alice, name="", now=clock.now())
    assert counts[0] == counts[1]


def test_revoking_asks_first_and_works_without_a_script(page: Client, alice: User) -> None:
    new = key_create(alice, name="laptop", now=clock.now())
    there = f"{PAGE}{new.key.prefix}/revoke/"
    assert "cannot be undone" in words(page, there)
    assert auth.look_up(new.secret, "", clock.now())
    assert page.post(there).status_code == 302
    with pytest.raises(Unauthenticated):
        auth.look_up(new.secret, "", clock.now())
    assert "No key yet" in words(page)


def test_rotating_shows_the_new_secret_and_when_the_old_one_ends(
    page: Client, alice: User
) -> None:
    old = key_create(alice, name="laptop", now=clock.now())
    there = f"{PAGE}{old.key.prefix}/rotate/"
    assert "stops working" in words(page, there)
    text = page.post(there, {"overlap": "hour"}).content.decode()
    [secret] = set(SECRET.findall(text))
    assert f"cc-{old.key.prefix}-… stops working in an hour" in text
    assert secret != old.secret
    assert auth.look_up(old.secret, "", clock.now())
    assert auth.look_up(secret, "", clock.now())


@pytest.mark.parametrize("what", ["rotate", "revoke"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_keys_of_others_are_not_found(page: Client, what: str, method: str) -> None:
    bob = User.objects.create_user("bob@example.org")
    theirs = key_create(bob, name="bobs", now=clock.now()).key
    answer = getattr(page, method)(f"{PAGE}{theirs.prefix}/{what}/", {"overlap": "now"})
    theirs.refresh_from_db()
    assert answer.status_code == 404
    assert "bobs" not in answer.content.decode()
    assert theirs.revoked_at is None
    assert ApiKey.objects.filter(user=bob).count() == 1


def test_key_that_is_over_is_not_asked_about(page: Client, alice: User) -> None:
    key = key_create(alice, name="", now=clock.now()).key
    page.post(f"{PAGE}{key.prefix}/revoke/")
    assert page.get(f"{PAGE}{key.prefix}/revoke/").status_code == 404


def test_strangers_are_sent_to_sign_in(client: Client) -> None:
    answer = client.get(PAGE)
    assert answer.status_code == 302
    assert answer["Location"] == "/login/?next=/account/keys/"
