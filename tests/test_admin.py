"""The staff pages: all of them open, every change is audited, what is fixed cannot be edited."""

import json
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.management import call_command
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from accounts.models import ApiKey, AuditEvent, Tier, User
from accounts.services import api_key_issue, end_user_get, key_digest
from billing.models import Budget, LedgerEntry, ModelPrice, Reservation, UsageRecord, Window
from billing.prices import PriceTable
from routing.models import (
    CallKindRow,
    Deployment,
    Philosopher,
    RoutePolicy,
    StoredAnswer,
    Topic,
    TopicAlias,
    TopicCalibration,
)
from tests.routing.cache.answers import reuse_of, stored
from tests.services.defaults import defaults_copy

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
CENT = 10_000_000
LISTED = [
    Tier, User, ApiKey, AuditEvent, Budget, ModelPrice, Window, Reservation, LedgerEntry,
    UsageRecord, Deployment, RoutePolicy, Philosopher, Topic, CallKindRow, StoredAnswer, TopicAlias,
    TopicCalibration,
]
ADDED = [
    Tier, User, ApiKey, Budget, ModelPrice, Deployment, RoutePolicy, Philosopher, Topic,
    TopicAlias,
]
READ_ONLY = [AuditEvent, Window, Reservation, LedgerEntry, UsageRecord, StoredAnswer]
KEPT = [
    Tier, User, ApiKey, ModelPrice, RoutePolicy, Philosopher, Topic, CallKindRow, TopicAlias,
    TopicCalibration, *READ_ONLY,
]


@pytest.fixture(autouse=True)
def rows(db: None) -> None:
    """Default rows, and one of everything that only the product writes."""
    defaults_copy()
    bob = User.objects.create_user("bob@example.org")
    api_key_issue(user=bob, actor="tests")
    end_user_get(owner=bob, external_id="reader-1")
    platform = window("platform", "")
    call_id, reservation_id = uuid.uuid4(), uuid.uuid4()
    Reservation.objects.create(
        id=reservation_id, call_id=call_id, holds=[], amount=5, lease_until_ms=0, created_ms=0,
        provider="openai", model="gpt-6-luna",
    )
    LedgerEntry.objects.create(
        window=platform, reservation_id=reservation_id, kind="settle", delta=5, at_ms=0
    )
    UsageRecord.objects.create(
        call_id=call_id, attempt=1, at=NOW, user_id=bob.pk, tier="free", requested_model="auto",
        outcome="complete", confidence="exact",
    )
    stored(reuse_of(), "Know thyself.")
    TopicAlias.objects.create(
        norm="isnumberall", text="Is number all?", language="en", status="proposed",
        source="chosen", topic=Topic.objects.all()[0], created_at=NOW,
    )
    TopicCalibration.objects.create(
        language="en", embedder="0" * 64, embedder_name="use", threshold=0.9, floor=0.4,
        judged=300, topics=300, errors=0, bound=0.01, source="a set", made_at=NOW,
    )


def window(scope_kind: str, scope_id: str, **columns: Any) -> Window:
    values: dict[str, Any] = {
        "metric": "usd", "period": "day", "start": NOW - timedelta(hours=20), "cap": 5 * CENT,
        "end": NOW + timedelta(hours=4), "zone": "Asia/Seoul", "rank": 1,
    }
    return Window.objects.create(scope_kind=scope_kind, scope_id=scope_id, **values | columns)


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("alice@example.org"))
    return client


def url(model: type[Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def change_url(row: Model) -> str:
    return url(type(row), "change", row.pk)


def save(client: Client, address: str, **data: Any) -> Any:
    """Posts a form that must be accepted."""
    response = client.post(address, data)
    errors = getattr(response, "context_data", None) and response.context_data["errors"]
    assert response.status_code == 302, errors
    return response


def errors_of(client: Client, address: str, **data: Any) -> str:
    """Posts a form that must be refused. What the page says."""
    response = client.post(address, data)
    assert response.status_code == 200
    return str(response.context_data["errors"])  # type: ignore[attr-defined]


def last_event() -> AuditEvent:
    event = AuditEvent.objects.first()
    assert event is not None
    return event


@pytest.mark.parametrize("model", LISTED)
def test_every_list_and_every_row_opens(staff: Client, model: type[Model]) -> None:
    assert staff.get(url(model, "changelist")).status_code == 200
    row = model._default_manager.all()[0]
    assert staff.get(change_url(row)).status_code == 200


@pytest.mark.parametrize("model", LISTED)
def test_every_list_can_be_searched_without_an_error(staff: Client, model: type[Model]) -> None:
    response = staff.get(url(model, "changelist"), {"q": "stoics"})
    assert response.status_code in (200, 302)


@pytest.mark.parametrize("model", ADDED)
def test_every_form_for_a_new_row_opens(staff: Client, model: type[Model]) -> None:
    assert staff.get(url(model, "add")).status_code == 200


@pytest.mark.parametrize("model", READ_ONLY)
def test_what_the_product_writes_cannot_be_added(staff: Client, model: type[Model]) -> None:
    assert staff.get(url(model, "add")).status_code == 403


@pytest.mark.parametrize("model", KEPT)
def test_what_others_refer_to_cannot_be_deleted(staff: Client, model: type[Model]) -> None:
    row = model._default_manager.all()[0]
    assert staff.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("model", [ModelPrice, ApiKey, *READ_ONLY])
def test_what_is_fixed_cannot_be_changed(staff: Client, model: type[Model]) -> None:
    row = model._default_manager.all()[0]
    assert staff.post(change_url(row), {"output": "0"}).status_code == 403


@pytest.mark.parametrize("model", LISTED)
def test_a_stranger_is_sent_to_the_login(client: Client, model: type[Model]) -> None:
    for address in (url(model, "changelist"), url(model, "add")):
        response = client.get(address)
        assert response.status_code == 302
        assert response["Location"].startswith("/admin/login/")


def test_a_customer_is_no_staff(client: Client) -> None:
    client.force_login(User.objects.get(email="bob@example.org"))
    answer = client.get(url(Budget, "changelist"), follow=True)
    assert answer.status_code == 403, "told, not led in a circle"


@pytest.mark.parametrize("model", LISTED)
def test_a_list_asks_few_questions_however_many_rows_it_shows(
    staff: Client, model: type[Model], django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(12):
        staff.get(url(model, "changelist"))


# --- budgets --------------------------------------------------------------------------------
def budget_form(**changes: Any) -> dict[str, Any]:
    values = {"scope_kind": "tier", "scope_id": "free", "period": "day", "cap_nanos": "0.05"}
    return values | {"soft_percent": "80", "zone": "Asia/Seoul"} | changes


def test_a_budget_is_entered_in_dollars_and_kept_in_nanos(staff: Client) -> None:
    save(staff, url(Budget, "add"), **budget_form())
    assert Budget.objects.get(scope_kind="tier").cap_nanos == 5 * CENT


def test_a_budget_is_shown_in_dollars(staff: Client) -> None:
    page = staff.get(change_url(Budget.objects.get())).content.decode()
    assert 'name="cap_nanos" value="100"' in page


def test_a_changed_budget_is_audited_and_holds_at_once(staff: Client) -> None:
    save(staff, change_url(Budget.objects.get()), cap_nanos="0.10", soft_percent="70", zone="UTC")
    event = last_event()
    assert (event.action, event.actor) == ("budget_change", "alice@example.org")
    assert (event.before["cap_nanos"], event.after["cap_nanos"]) == (100 * 100 * CENT, 10 * CENT)
    today = Window.objects.get()
    assert (today.cap, today.soft_percent, today.zone) == (10 * CENT, 70, "Asia/Seoul")


def test_saving_without_a_change_writes_no_audit_row(staff: Client) -> None:
    before = AuditEvent.objects.count()
    save(
        staff, change_url(Budget.objects.get()),
        cap_nanos="100", soft_percent="80", zone="Asia/Seoul",
    )
    assert AuditEvent.objects.count() == before


def test_a_user_is_named_by_email_and_kept_by_number(staff: Client) -> None:
    save(staff, url(Budget, "add"), **budget_form(scope_kind="user", scope_id="bob@example.org"))
    bob = User.objects.get(email="bob@example.org")
    assert Budget.objects.get(scope_kind="user").scope_id == str(bob.pk)


def test_without_a_budget_of_their_own_users_fall_back_to_their_plan(staff: Client) -> None:
    bob = User.objects.get(email="bob@example.org")
    today = window("user", str(bob.pk), cap=0)
    own = Budget.objects.create(scope_kind="user", scope_id=str(bob.pk), cap_nanos=0)
    save(staff, url(Budget, "delete", own.pk), post="yes")
    today.refresh_from_db()
    assert today.cap == 5 * CENT
    assert last_event().action == "budget_delete"


def test_a_raise_ends_with_the_budget(staff: Client) -> None:
    own, today = Budget.objects.get(), Window.objects.get()
    today.cap, today.raised_from = own.cap_nanos * 3, own.cap_nanos
    today.save()
    save(staff, url(Budget, "delete", own.pk), post="yes")
    today.refresh_from_db()
    assert (today.cap, today.raised_from) == (own.cap_nanos, None)


def test_a_budget_is_written_after_the_book(staff: Client) -> None:
    """As everywhere: two who lock in different orders would wait for each other."""
    own = Budget.objects.get()
    for address, data in (
        (change_url(own), {"cap_nanos": "0.10", "soft_percent": "70", "zone": "UTC"}),
        (url(Budget, "delete", own.pk), {"post": "yes"}),
    ):
        with CaptureQueriesContext(connection) as seen:
            save(staff, address, **data)
        written = [
            table for each in seen for table in ("budget_book", "billing_budget")
            if each["sql"].startswith((f'UPDATE "{table}"', f'DELETE FROM "{table}"'))
        ]
        assert written[0] == "budget_book"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"cap_nanos": "ten"}, "is not an amount: write dollars"),
        ({"cap_nanos": "-1"}, "is not an amount: write dollars"),
        ({"cap_nanos": ""}, "required"),
        ({"scope_id": "gold"}, "There is no tier gold"),
        ({"scope_kind": "platform"}, "There is one platform"),
        ({"zone": "Mars/Base"}, "is not a time zone"),
        ({"soft_percent": "101"}, "less than or equal to 100"),
    ],
)
def test_a_wrong_budget_is_refused_with_a_sentence(
    staff: Client, changes: dict[str, str], sentence: str
) -> None:
    assert sentence in errors_of(staff, url(Budget, "add"), **budget_form(**changes))
    assert Budget.objects.count() == 1


def test_a_second_budget_for_the_same_scope_is_refused(staff: Client) -> None:
    save(staff, url(Budget, "add"), **budget_form())
    assert "already exists" in errors_of(staff, url(Budget, "add"), **budget_form())


# --- tiers and users ------------------------------------------------------------------------
def tier_form(**changes: Any) -> dict[str, Any]:
    values = {"title": "Free", "route_mode": "local", "usd_per_day_nanos": "0.07", "rank": "0"}
    return values | {"allowed_classes": ["local"], "concurrent_calls": "3"} | changes


def test_an_edited_plan_is_audited_and_holds_at_once(staff: Client) -> None:
    bob = User.objects.get(email="bob@example.org")
    today = window("user", str(bob.pk))
    save(staff, change_url(Tier.objects.get(name="free")), **tier_form())
    today.refresh_from_db()
    event = last_event()
    assert today.cap == 7 * CENT
    assert event.action == "tier_change"
    assert event.after["usd_per_day_nanos"] == 7 * CENT


def test_an_empty_ceiling_means_no_limit(staff: Client) -> None:
    save(staff, change_url(Tier.objects.get(name="free")), **tier_form(usd_per_day_nanos=""))
    assert Tier.objects.get(name="free").usd_per_day_nanos is None


def test_a_class_that_does_not_exist_is_refused(staff: Client) -> None:
    form = tier_form(allowed_classes=["local", "gold"])
    assert "gold is not one of" in errors_of(staff, change_url(Tier.objects.all()[0]), **form)


def test_another_plan_moves_the_caps_of_the_user_at_once(staff: Client) -> None:
    bob = User.objects.get(email="bob@example.org")
    today = window("user", str(bob.pk), spent=CENT)
    save(staff, change_url(bob), email="bob@example.org", tier="premium", is_active="on")
    bob.refresh_from_db()
    today.refresh_from_db()
    assert bob.tier_id == "premium"
    assert (today.cap, today.spent) == (200 * CENT, CENT)
    event = last_event()
    assert (event.action, event.before, event.after) == (
        "tier_change", {"tier": "free"}, {"tier": "premium"},
    )


def test_an_end_user_without_email_can_be_edited(staff: Client) -> None:
    reader = User.objects.get(external_id="reader-1")
    save(staff, change_url(reader), email="", tier="free")
    reader.refresh_from_db()
    assert (reader.email, reader.is_active) == (None, False)
    assert last_event().action == "user_change"


def test_staff_can_be_added_and_log_in(staff: Client, client: Client) -> None:
    save(
        staff, url(User, "add"), email="Dora@Example.org", tier="free", usable_password="true",
        password1="correct horse battery", password2="correct horse battery",
    )
    dora = User.objects.get(email="dora@example.org")
    form = {"login": "dora@example.org", "password": "correct horse battery"}
    assert client.post("/login/", form)["Location"] == "/account/"
    assert "password" not in last_event().after
    assert staff.get(reverse("admin:auth_user_password_change", args=[dora.pk])).status_code == 200


def test_a_person_without_an_email_is_refused(staff: Client) -> None:
    form = {"email": "", "tier": "free", "usable_password": "false"}
    assert "required" in errors_of(staff, url(User, "add"), **form)


# --- keys -----------------------------------------------------------------------------------
def test_an_issued_key_is_shown_once_and_works(staff: Client) -> None:
    bob = User.objects.get(email="bob@example.org")
    form = {"user": bob.pk, "name": "backend", "scopes": ["call", "service"]}
    response = save(staff, url(ApiKey, "add"), **form)
    shown = " ".join(str(message) for message in get_messages(response.wsgi_request))
    key = ApiKey.objects.get(name="backend")
    secret = next(word for word in shown.split() if word.startswith("cc-") and len(word) > 40)
    assert key_digest(secret) == key.digest
    assert key.scopes == ["call", "service"]
    page = staff.get(change_url(key)).content.decode()  # this shows the message; the next does not
    assert secret in page
    assert secret not in staff.get(change_url(key)).content.decode()


def test_a_digest_is_never_shown(staff: Client) -> None:
    key = ApiKey.objects.get()
    for address in (url(ApiKey, "changelist"), change_url(key)):
        assert key.digest not in staff.get(address).content.decode()


def test_keys_are_revoked_from_the_list(staff: Client) -> None:
    key = ApiKey.objects.get()
    form = {"action": "revoke", "_selected_action": [key.pk]}
    save(staff, url(ApiKey, "changelist"), **form)
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert (last_event().action, last_event().actor) == ("api_key_revoke", "alice@example.org")


# --- prices ---------------------------------------------------------------------------------
def price_form(**changes: Any) -> dict[str, Any]:
    values = {
        "provider": "anthropic", "model": "claude-opus-5-5", "processing": "standard",
        "min_input_tokens": "0", "fresh_input": "3", "cache_read": "0.15", "cache_write": "3.75",
        "output": "15", "search_usd": "0.01", "source": "our contract",
        "source_date": date(2026, 11, 25).isoformat(),
    }
    return values | changes


def opus(at: datetime) -> Decimal:
    table = PriceTable.load(at)
    return table.price("anthropic", "claude-opus-5-5", input_tokens=1).fresh_input


def test_a_new_price_supersedes_the_old_one(staff: Client) -> None:
    save(staff, url(ModelPrice, "add"), **price_form())
    assert (opus(NOW - timedelta(hours=1)), opus(datetime.now(UTC))) == (4, 3)
    event = last_event()
    assert (event.action, event.actor) == ("price_supersede", "alice@example.org")
    assert Decimal(event.before["fresh_input"]) == 4


def test_a_price_of_the_operator_survives_a_reload_of_the_book(staff: Client) -> None:
    save(staff, url(ModelPrice, "add"), **price_form())
    call_command("load_prices", stdout=StringIO())
    assert opus(datetime.now(UTC)) == 3


def test_a_price_can_begin_later(staff: Client) -> None:
    later = NOW + timedelta(days=7)
    start = {"effective_from_0": later.date().isoformat(), "effective_from_1": "00:00:00"}
    save(staff, url(ModelPrice, "add"), **price_form(**start))
    assert (opus(datetime.now(UTC)), opus(later)) == (4, 3)
    assert "already planned" in errors_of(staff, url(ModelPrice, "add"), **price_form())


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"effective_from_0": "2026-11-01", "effective_from_1": "00:00:00"}, "change the past"),
        ({"output": "-1"}, "price_is_not_negative"),
        ({"output": "NaN"}, "Enter a number"),
        ({"output": "0.0000001"}, "no more than 6 decimal places"),
        ({"source": ""}, "required"),
        ({"provider": ""}, "required"),
        ({"processing": "magic"}, "magic is not one of"),
    ],
)
def test_a_wrong_price_is_refused_with_a_sentence(
    staff: Client, changes: dict[str, str], sentence: str
) -> None:
    before = ModelPrice.objects.count()
    assert sentence in errors_of(staff, url(ModelPrice, "add"), **price_form(**changes))
    assert ModelPrice.objects.count() == before


# --- routing --------------------------------------------------------------------------------
def deployment_form(**changes: Any) -> dict[str, Any]:
    values = {
        "name": "lab/gemma3", "provider": "openai", "model": "gemma3", "model_class": "local",
        "base_url": "http://localhost:8080/v1", "price_provider": "local", "languages": ["en"],
        "context_tokens": "8192", "max_output_tokens": "2048", "timeout_s": "60",
        "priority": "10", "token_factor": "1", "is_enabled": "on",
    }
    return values | changes


def test_a_server_of_ones_own_becomes_a_deployment(staff: Client) -> None:
    save(staff, url(Deployment, "add"), **deployment_form())
    row = Deployment.objects.get(name="lab/gemma3")
    assert (row.languages, row.base_url) == (["en"], "http://localhost:8080/v1")
    assert last_event().action == "deployment_create"


def test_a_deployment_without_a_price_cannot_be_enabled(staff: Client) -> None:
    form = deployment_form(price_provider="")
    assert "There is no price for openai/gemma3" in errors_of(staff, url(Deployment, "add"), **form)
    form.pop("is_enabled")
    save(staff, url(Deployment, "add"), **form)


def test_a_language_that_nobody_routes_is_refused(staff: Client) -> None:
    form = deployment_form(languages=["tlh"])
    assert "tlh is not one of" in errors_of(staff, url(Deployment, "add"), **form)


def test_only_a_model_that_can_may_search_the_web(staff: Client) -> None:
    said = errors_of(staff, url(Deployment, "add"), **deployment_form(can_search="on"))
    assert "Only models of Anthropic search the web" in said


def test_disabling_a_deployment_is_audited(staff: Client) -> None:
    row = Deployment.objects.get(name="openai/gpt-6-luna")
    form = deployment_form(
        provider="openai", model="gpt-6-luna", model_class="economy", price_provider="",
        base_url="",
    )
    form.pop("is_enabled")
    save(staff, change_url(row), **form)
    event = last_event()
    assert (event.before["is_enabled"], event.after["is_enabled"]) == (True, False)


def cells(**changes: Any) -> str:
    published = RoutePolicy.objects.get(status="published").cells
    return json.dumps(published | changes)


def test_a_draft_begins_as_a_copy_and_takes_the_next_version(staff: Client) -> None:
    page = staff.get(url(RoutePolicy, "add")).content.decode()
    assert "hybrid" in page
    save(staff, url(RoutePolicy, "add"), cells=cells())
    draft = RoutePolicy.objects.get(status="draft")
    assert draft.version == 2
    assert last_event().action == "routepolicy_create"


def test_a_wrong_cell_is_named_on_the_page(staff: Client) -> None:
    wrong = cells(hybrid={"simple": ["local"], "medium": ["gold"], "complex": ["premium"]})
    assert "Cell hybrid / medium" in errors_of(staff, url(RoutePolicy, "add"), cells=wrong)
    assert not RoutePolicy.objects.filter(status="draft").exists()


def test_a_published_draft_is_in_force_and_can_no_longer_be_edited(staff: Client) -> None:
    save(staff, url(RoutePolicy, "add"), cells=cells())
    draft = RoutePolicy.objects.get(status="draft")
    save(staff, change_url(draft), cells=cells())
    form = {"action": "publish", "_selected_action": [draft.pk]}
    save(staff, url(RoutePolicy, "changelist"), **form)
    assert RoutePolicy.objects.get(status="published") == draft
    assert RoutePolicy.objects.get(version=1).status == "retired"
    assert (last_event().action, last_event().actor) == ("policy_publish", "alice@example.org")
    assert staff.post(change_url(draft), {"cells": cells()}).status_code == 403


def test_publishing_what_is_no_draft_changes_nothing(staff: Client) -> None:
    form = {"action": "publish", "_selected_action": [RoutePolicy.objects.get().pk]}
    response = save(staff, url(RoutePolicy, "changelist"), **form)
    shown = [str(message) for message in get_messages(response.wsgi_request)]
    assert shown == ["Version 1 is not a draft; copy it into a new one."]


# --- Korean ---------------------------------------------------------------------------------
@pytest.mark.parametrize("model", LISTED)
def test_a_list_has_its_korean_name_for_a_title(staff: Client, model: type[Model]) -> None:
    page = staff.get(url(model, "changelist"), headers={"accept-language": "ko"}).content.decode()
    with translation.override("ko"):
        title = str(model._meta.verbose_name_plural)
    assert f"<h1>{title}</h1>" in page
    assert any("가" <= letter <= "힣" for letter in title)
