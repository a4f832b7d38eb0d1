"""`manage.py prove`: it passes here, it leaves nothing behind, and it would see what is wrong."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from accounts.models import User
from accounts.services import tiers_load
from billing import budgets, ledger
from billing.models import Budget, Window
from costcontrol.proof.audit import (
    bill_check,
    books_check,
    completed_check,
    purse,
    spent_check,
    usage_check,
)
from costcontrol.proof.scene import Check, Result
from costcontrol.proof.upstream import PROMPT_TOKENS, Books, Sale
from tests.billing.books import NOW, held, usage
from tests.services.product import manage

FULL = 20_000_000


# --- the whole ---------------------------------------------------------------------------------


def tables(url: str, folder: Path) -> list[str]:
    """Of the configured database, which is not the one of this test."""
    if url:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        with psycopg.connect(url) as server:
            return [name for (name,) in server.execute(query)]
    with closing(sqlite3.connect(folder / "costcontrol.sqlite3")) as file:
        return [name for (name,) in file.execute("SELECT name FROM sqlite_master")]


def scratch_databases() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE '%prove%'")
        return [name for (name,) in cursor.fetchall()]


@pytest.mark.postgresql
@pytest.mark.slow
@pytest.mark.django_db
def test_the_proof_holds_and_leaves_nothing_behind(tmp_path: Path) -> None:
    url = os.environ.get("DATABASE_URL", "")
    proof = manage("prove", "--quick", folder=tmp_path, **({"DATABASE_URL": url} if url else {}))
    assert proof.returncode == 0, proof.stdout + proof.stderr
    assert f"Proving on {connection.vendor}" in proof.stdout
    assert "10 answered, 30 refused, 10 reached the upstream" in proof.stdout
    assert "0 differences, 0 open holds" in proof.stdout
    assert "FAIL" not in proof.stdout
    assert tables(url, tmp_path) == []
    assert not list(tmp_path.glob("prove-*"))
    if url:
        assert scratch_databases() == []


def test_a_folder_that_cannot_be_written_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    proof = manage("prove", "--quick", folder=tmp_path / "file")
    assert proof.returncode == 1
    assert "cannot be written" in proof.stderr
    assert "Traceback" not in proof.stderr


# --- what it would see ---------------------------------------------------------------------------


def test_one_thing_that_is_wrong_fails_the_whole() -> None:
    right, wrong = Check("spent", is_ok=True), Check("held", is_ok=False)
    assert Result("burst", (right, right)).is_ok
    failed = Result("burst", (right, wrong))
    assert not failed.is_ok
    assert str(failed).splitlines() == ["burst", "   ok   spent", "  FAIL  held"]


@pytest.fixture
def payer(db: None) -> User:
    """Somebody who may spend 100 million nanos, and has spent 20 on a call that ended well."""
    tiers_load()
    user = User.objects.create_user("payer@example.com", tier_id="enterprise")
    budget = Budget.objects.create(
        scope_kind="user", scope_id=str(user.pk), period="total", cap_nanos=100_000_000
    )
    budgets.window_get(budgets.rule_of_budget(budget), now=NOW)
    settled(user, "call-1", FULL)
    return user


def settled(user: User, label: str, cost: int, **more: Any) -> None:
    key = held(purse(user), amount=cost, is_sent=True)
    row = usage(key, cost=cost, user_id=user.pk, debate_id=label, **more)
    ledger.settle(key, charged=cost, usage=row)


def test_books_that_agree_pass(payer: User) -> None:
    assert books_check().is_ok
    assert spent_check(payer).is_ok
    assert spent_check(payer, exactly=FULL).is_ok
    assert usage_check(payer).is_ok


def test_a_hold_that_is_left_is_seen(payer: User) -> None:
    held(purse(payer), amount=1)
    assert not books_check().is_ok
    assert not spent_check(payer).is_ok


def test_a_counter_that_is_off_by_a_nano_is_seen(payer: User) -> None:
    Window.objects.filter(pk=purse(payer).pk).update(spent=FULL + 1)
    assert not books_check().is_ok
    assert not spent_check(payer, exactly=FULL).is_ok
    assert not usage_check(payer).is_ok


def test_a_budget_that_was_passed_is_seen(payer: User) -> None:
    Window.objects.filter(pk=purse(payer).pk).update(cap=FULL)
    assert spent_check(payer).is_ok
    Window.objects.filter(pk=purse(payer).pk).update(cap=FULL - 1)
    assert not spent_check(payer).is_ok
    assert not bill_check(payer, Books(), prefix="call").is_ok


def sold(label: str, tokens: int, *, is_complete: bool = True) -> tuple[Books, Sale]:
    upstream = Books()
    sale = upstream.open(
        {"messages": [{"content": label}], "model": "flat", "max_tokens": tokens}
    )
    sale.sent, sale.is_complete = tokens, is_complete
    return upstream, sale


def test_the_price_of_the_upstream_is_what_must_be_charged(payer: User) -> None:
    upstream, sale = sold("call-1", 200)
    assert sale.full_bill == FULL
    assert completed_check(payer, upstream).is_ok
    assert bill_check(payer, upstream, prefix="call").is_ok
    dearer, _ = sold("call-1", 201)
    assert not completed_check(payer, dearer).is_ok
    assert not bill_check(payer, dearer, prefix="call").is_ok


def test_a_call_that_the_upstream_never_finished_is_not_complete(payer: User) -> None:
    upstream, _ = sold("call-1", 200, is_complete=False)
    assert not completed_check(payer, upstream).is_ok


def test_the_upstream_bills_input_and_what_it_has_produced() -> None:
    sale = Sale("x", "usual", tokens=100, sent=40)
    assert sale.bill == PROMPT_TOKENS * 2_000 + 40 * 50_000
    assert sale.full_bill == PROMPT_TOKENS * 2_000 + 100 * 50_000
