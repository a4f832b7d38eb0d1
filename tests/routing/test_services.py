"""The routing table: what a draft must look like, and how it comes into force."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import AuditEvent
from routing.management.commands.load_defaults import CELLS
from routing.models import RoutePolicy
from routing.services import PolicyError, cells_check, next_version, policy_publish

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def changed(mode: str, complexity: str, value: Any) -> dict[str, Any]:
    return CELLS | {mode: CELLS[mode] | {complexity: value}}


def test_the_default_table_is_in_order() -> None:
    cells_check(CELLS)


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        (changed("hybrid", "medium", ["economy", "premum"]), "hybrid / medium: “premum” is no"),
        (changed("cloud", "complex", []), "Cell cloud / complex must list at least one"),
        (changed("cloud", "complex", "mid"), "Cell cloud / complex must list at least one"),
        (changed("local", "simple", ["local", "local"]), "Cell local / simple lists a class twice"),
        (changed("local", "simple", [["local"]]), "Cell local / simple: “['local']” is no"),
        (changed("local", "hard", ["local"]), "Cell local / hard: there are only simple, medium"),
        (CELLS | {"turbo": {}}, "“turbo” is not a route mode"),
        ({"local": CELLS["local"]}, "The row “hybrid” is missing"),
        (CELLS | {"hybrid": {"simple": ["local"]}}, "Cell hybrid / medium must list"),
        ([], "The table must have one entry"),
        (None, "The table must have one entry"),
    ],
)
def test_a_wrong_cell_is_named(cells: Any, sentence: str) -> None:
    with pytest.raises(PolicyError) as caught:
        cells_check(cells)
    assert sentence in str(caught.value)


@pytest.fixture
def published(db: None) -> RoutePolicy:
    return RoutePolicy.objects.create(version=1, status="published", cells=CELLS)


def draft(cells: Any = None) -> RoutePolicy:
    return RoutePolicy.objects.create(version=next_version(), cells=cells or CELLS)


def test_publishing_retires_the_table_before_it(published: RoutePolicy) -> None:
    policy = policy_publish(draft(), at=NOON, actor="alice")
    published.refresh_from_db()
    assert (published.status, policy.status) == ("retired", "published")
    assert (policy.version, policy.published_at) == (2, NOON)
    event = AuditEvent.objects.get()
    assert (event.action, event.actor) == ("policy_publish", "alice")
    assert (event.before["status"], event.after["status"]) == ("draft", "published")


def test_a_broken_draft_leaves_the_published_table_in_force(published: RoutePolicy) -> None:
    broken = draft(changed("local", "simple", []))
    with pytest.raises(PolicyError, match="local / simple"):
        policy_publish(broken, at=NOON, actor="alice")
    assert RoutePolicy.objects.get(status="published") == published


def test_a_retired_table_cannot_be_published_again(published: RoutePolicy) -> None:
    policy_publish(draft(), at=NOON, actor="alice")
    with pytest.raises(PolicyError, match="Version 1 is not a draft"):
        policy_publish(published, at=NOON, actor="alice")


def test_the_database_keeps_one_published_table(published: RoutePolicy) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        RoutePolicy.objects.create(version=2, status="published", cells=CELLS)
