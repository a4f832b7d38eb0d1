"""The operator's commands of billing: budgets and keys."""

import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from accounts.models import ApiKey, AuditEvent, User
from accounts.services import api_key_issue, key_digest
from billing.models import Budget, Window

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
CENT = 10_000_000


@pytest.fixture(autouse=True)
def defaults(db: None) -> None:
    call_command("load_defaults", stdout=StringIO())


def run(*args: str, **options: Any) -> str:
    out = StringIO()
    call_command(*args, stdout=out, **options)
    return out.getvalue()


def window(scope_kind: str, scope_id: str, *, cap: int, period: str = "day", **more: Any) -> Window:
    """One that is open now, on the machine's own clock, as the commands are."""
    now = datetime.now(UTC)
    return Window.objects.create(
        scope_kind=scope_kind, scope_id=scope_id, metric="usd", period=period, start=now - DAY,
        end=now + DAY, zone="Asia/Seoul", cap=cap, rank=1, **more,
    )


def test_the_platform_budget_is_changed_and_not_doubled() -> None:
    assert Budget.objects.get().cap_nanos == 100_000 * CENT // 10
    assert "platform may spend $0.10 per day" in run("set_budget", "platform", "0.10")
    assert Budget.objects.get().cap_nanos == 10 * CENT


def test_a_budget_is_exact_to_the_nano() -> None:
    run("set_budget", "platform", "0.000000001")
    assert Budget.objects.get().cap_nanos == 1


def test_a_new_cap_holds_for_the_window_that_is_open() -> None:
    open_now = window("platform", "", cap=5, spent=3)
    over = window("platform", "", cap=5, period="month")
    run("set_budget", "platform", "0.10", "--soft", "70")
    open_now.refresh_from_db()
    over.refresh_from_db()
    assert (open_now.cap, open_now.soft_percent, open_now.spent) == (10 * CENT, 70, 3)
    assert over.cap == 5


def test_every_scope_can_have_a_budget() -> None:
    alice = User.objects.create_user("alice@example.org")
    key, secret = api_key_issue(user=alice, actor="tests")
    for scope in (
        "tier:free", "user:Alice@example.org", f"key:{key.prefix}", "provider:anthropic",
        "debate:stoics-1",
    ):
        run("set_budget", scope, "1")
    run("set_budget", f"key:{secret}", "2", "--period", "total")
    assert set(Budget.objects.values_list("scope_kind", "scope_id", "period")) == {
        ("platform", "", "day"), ("tier", "free", "day"), ("user", str(alice.pk), "day"),
        ("key", key.prefix, "day"), ("key", key.prefix, "total"), ("provider", "anthropic", "day"),
        ("debate", "stoics-1", "day"),
    }


def test_setting_a_budget_is_written_down() -> None:
    run("set_budget", "platform", "50")
    event = AuditEvent.objects.get(action="budget_set")
    assert event.actor == "command set_budget"
    assert event.before["cap_nanos"] == 100 * 100 * CENT
    assert event.after["cap_nanos"] == 50 * 100 * CENT


def test_the_soft_limit_stays_when_it_is_not_named() -> None:
    run("set_budget", "platform", "50", "--soft", "60")
    run("set_budget", "platform", "40")
    assert Budget.objects.get().soft_percent == 60


@pytest.mark.parametrize("usd", ["0", "$1,000", "9223372036.854775807"])
def test_amounts_from_nothing_to_what_a_bigint_holds_are_accepted(usd: str) -> None:
    run("set_budget", "platform", usd)


@pytest.mark.parametrize(
    "usd", ["-0.01", "ten", "", "NaN", "Infinity", "0.0000000001", "9223372036.854775808", "1e30"]
)
def test_other_amounts_are_refused_with_a_sentence(usd: str) -> None:
    with pytest.raises(CommandError, match="is not an amount: write dollars"):
        run("set_budget", "platform", usd)
    assert Budget.objects.get().cap_nanos == 100 * 100 * CENT


@pytest.mark.parametrize(
    ("scope", "sentence"),
    [
        ("planet", "is not a scope; write platform, tier:NAME"),
        ("platform:x", "There is one platform"),
        ("tier:gold", "There is no tier gold; there are: enterprise, free, premium"),
        ("user:nobody@example.org", "There is no user nobody@example.org"),
        ("user:99999", "There is no user 99999"),
        ("user:", "Say which one is meant (a user)"),
        ("key:abcdefgh", "no API key with the prefix abcdefgh"),
        ("provider:acme", "There is no provider acme; there are: anthropic, embedded"),
        ("debate:", "Say which one is meant (a debate)"),
    ],
)
def test_an_unknown_scope_is_refused_with_a_sentence(scope: str, sentence: str) -> None:
    with pytest.raises(CommandError, match=re.escape(sentence)):
        run("set_budget", scope, "1")
    assert Budget.objects.count() == 1


@pytest.mark.parametrize("soft", [-1, 101])
def test_the_soft_limit_is_a_percentage(soft: int) -> None:
    with pytest.raises(CommandError, match="from 0 to 100"):
        run("set_budget", "platform", "1", soft=soft)
    run("set_budget", "platform", "1", soft=0 if soft < 0 else 100)


def test_the_database_keeps_one_budget_per_scope_and_period() -> None:
    values: dict[str, Any] = {"scope_kind": "platform", "cap_nanos": 1}
    with pytest.raises(IntegrityError), transaction.atomic():
        Budget.objects.create(**values)
    assert Budget.objects.create(**values, period="month").pk


def test_the_database_refuses_a_negative_cap() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Budget.objects.create(scope_kind="tier", scope_id="free", cap_nanos=-1)
    assert Budget.objects.create(scope_kind="tier", scope_id="free", cap_nanos=0).pk


def test_a_new_user_is_free_and_the_key_stands_alone_on_stdout() -> None:
    printed = run("issue_api_key", "Alice@Example.org", "--name", "laptop")
    key = ApiKey.objects.select_related("user").get(digest=key_digest(printed.strip()))
    assert printed == printed.strip() + "\n"
    assert (key.user.email, key.user.tier_id) == ("alice@example.org", "free")
    assert (key.name, key.scopes) == ("laptop", ["call"])


def test_a_service_key_on_a_tier() -> None:
    run("issue_api_key", "backend@example.org", "--tier", "enterprise", "--service")
    key = ApiKey.objects.select_related("user").get()
    assert (key.user.tier_id, key.scopes) == ("enterprise", ["call", "service"])


def test_a_second_key_of_the_same_user_leaves_the_plan_alone() -> None:
    run("issue_api_key", "alice@example.org", "--tier", "premium")
    run("issue_api_key", "ALICE@example.org")
    assert User.objects.get().tier_id == "premium"
    assert ApiKey.objects.count() == 2


def test_naming_another_plan_moves_the_user_and_the_caps_that_are_open() -> None:
    run("issue_api_key", "alice@example.org")
    alice = User.objects.get()
    today = window("user", str(alice.pk), cap=5 * CENT, spent=CENT)
    run("issue_api_key", "alice@example.org", "--tier", "premium")
    today.refresh_from_db()
    assert User.objects.get().tier_id == "premium"
    assert (today.cap, today.spent) == (200 * CENT, CENT)
    assert AuditEvent.objects.filter(action="tier_change").count() == 1


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["not-an-address"], "is not an email address"),
        (["alice@example.org", "--tier", "gold"], "There is no tier gold; there are: enterprise"),
    ],
)
def test_a_wrong_email_or_tier_leaves_nothing_behind(args: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        run("issue_api_key", *args)
    assert not User.objects.exists()


def test_a_deactivated_user_gets_no_key() -> None:
    User.objects.create_user("bob@example.org", is_active=False)
    with pytest.raises(CommandError, match="deactivated"):
        run("issue_api_key", "bob@example.org")
    assert not ApiKey.objects.exists()
