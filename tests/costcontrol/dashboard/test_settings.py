"""The page of settings: providers and their test, prices that begin at an instant, the rest."""

import csv
import html
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, User
from billing.models import ModelPrice, UsageRecord
from routing.models import Deployment
from tests.costcontrol.dashboard.conftest import Page
from tests.costcontrol.dashboard.rows import NOW, call, failure, rolled_up

PAGE = "/dashboard/settings/"
WITH_LEDGER = pytest.mark.usefixtures("committed")
HAIKU = "claude-haiku-5-5"
SOURCE = {"source": "https://example.org/prices", "source_date": "2026-11-24"}
MOST_QUERIES, MOST_OF_PRICE = 14, 24


@pytest.fixture
def staff(client: Client, alice: User) -> Client:
    call_command("load_defaults", stdout=StringIO())
    names = ("add_modelprice", "change_deployment")
    alice.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(alice)
    return client


def words(response: Any, status: int = 200) -> str:
    assert response.status_code == status
    return " ".join(html.unescape(response.content.decode()).split())


def price_of(model: str = HAIKU, **more: Any) -> ModelPrice:
    return ModelPrice.objects.get(
        model=model, processing="standard", superseded_at=None, **{"min_input_tokens": 0} | more
    )


def numbers(**more: str) -> dict[str, str]:
    usual = {"fresh_input": "2", "cache_read": "0.2", "cache_write": "2.5", "output": "10",
             "search_usd": "0.01", "effective_from": ""}
    return usual | SOURCE | more


# --- the page -----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_it_is_for_staff_and_changes_need_permissions(client: Client, alice: User) -> None:
    call_command("load_defaults", stdout=StringIO())
    row, model = price_of(), Deployment.objects.earliest("pk")
    paths = (PAGE, f"{PAGE}prices/{row.pk}/", f"{PAGE}prices.csv")
    assert {client.get(path).status_code for path in paths} == {302}
    client.force_login(alice)
    assert "your account needs the permission" in words(client.get(PAGE))
    assert client.post(paths[1], numbers(confirm="1")).status_code == 403
    assert client.post(f"{PAGE}test/{model.pk}/").status_code == 403
    assert price_of() == row


@pytest.mark.django_db
@pytest.mark.postgresql
def test_providers_say_if_they_have_a_key_and_never_which(
    staff: Client, settings: LazySettings
) -> None:
    settings.OPENAI_API_KEY = "sk-never-shown"
    settings.OPENAI_BASE_URL = "https://user:sesame@api.example.org/v1?key=sesame"
    call(NOW - timedelta(hours=1))
    failure(NOW - timedelta(hours=2))
    said = words(staff.get(PAGE))
    assert "sk-never-shown" not in said
    assert "sesame" not in said
    assert "https://api.example.org/v1" in said
    line = said.split("<strong>Anthropic</strong>")[1].split("</li>")[0]
    assert 'data-tone="off">off' in line
    assert "set ANTHROPIC_API_KEY" in line
    assert line.count("datetime=") == 2  # the last answer and the last failure


@pytest.mark.django_db
def test_prices_baselines_and_the_environment_are_shown(
    staff: Client, settings: LazySettings
) -> None:
    settings.USAGE_KEEP_MONTHS, settings.CACHE_SHARED, settings.HOLDOUT_PERCENT = 13, False, 2.5
    settings.ALERTS_KEEP_MONTHS = 7
    said = words(staff.get(PAGE))
    for part in ("anthropic/claude-haiku-5-5", "from 100,001 input tokens", "13 whole months",
                 "7 whole months", "manage.py retain_usage", "2.5%", "USAGE_KEEP_MONTHS",
                 "Asia/Seoul"):
        assert part in said
    assert "CACHE_SHARED" in said


@pytest.mark.django_db
def test_whoever_switches_searches_on_is_told_what_goes_to_the_vendor(
    staff: Client, alice: User
) -> None:
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    assert "topics go to the web search of the model's vendor" in words(staff.get(PAGE))
    form = staff.get(reverse("admin:routing_deployment_add"))
    assert "also those that users type, go to Anthropic's web search" in words(form)


@pytest.mark.django_db
def test_prices_of_models_that_are_not_set_up_are_one_click_away(staff: Client) -> None:
    assert "claude-haiku-4-5" not in words(staff.get(PAGE))
    assert "claude-haiku-4-5" in words(staff.get(PAGE, {"prices": "all"}))


@pytest.mark.django_db
def test_nothing_is_set_up(client: Client, alice: User) -> None:
    client.force_login(alice)
    said = words(client.get(PAGE))
    assert "No model is set up." in said
    assert "There is no price, so no model is called." in said
    assert "No baseline is frozen" in said


@pytest.mark.django_db
def test_what_the_pages_read_is_limited(
    staff: Client, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    with django_assert_max_num_queries(MOST_QUERIES):
        words(staff.get(PAGE))
    with django_assert_max_num_queries(MOST_OF_PRICE):
        words(staff.get(f"{PAGE}prices/{price_of().pk}/", numbers()))


# --- a new price --------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.postgresql
def test_the_effect_is_shown_first_and_asked_about_once_more(staff: Client) -> None:
    for day in (1, 2):
        call(NOW - timedelta(days=day), fresh_input_tokens=1_000_000, output_tokens=0)
    rolled_up()
    row = price_of()
    there = f"{PAGE}prices/{row.pk}/"
    said = words(staff.get(there, numbers()))
    assert "What it would have made of the last 30 days" in said
    assert 'value="4000000000"' in said  # 2 million tokens at $2
    assert "An estimate: this model has other prices for requests of another size" in said
    assert "What it would have made" in words(staff.post(there, numbers()), 409)
    assert price_of() == row
    said = words(staff.post(there, numbers(confirm="1", reason="they told us"), follow=True))
    assert "The price is saved." in said
    new = price_of()
    row.refresh_from_db()
    assert (new.fresh_input, new.effective_from, row.superseded_at) == (Decimal(2), NOW, NOW)
    assert new.source == "operator: https://example.org/prices"
    event = AuditEvent.objects.get(action="price_supersede")
    assert (event.actor, event.reason) == ("alice@example.com", "they told us")
    assert said.count(">in force<") == 1
    assert said.count(">over<") == 1


@pytest.mark.django_db
def test_a_price_may_begin_later_and_then_nothing_before_it(staff: Client) -> None:
    there = f"{PAGE}prices/{price_of().pk}/"
    staff.post(there, numbers(effective_from="2026-12-01 00:00", confirm="1"))
    planned = price_of()
    assert planned.effective_from == datetime(2026, 11, 30, 15, tzinfo=UTC)  # midnight in Seoul
    assert "planned" in words(staff.get(there))
    assert "is planned already" in words(staff.post(there, numbers(confirm="1")), 400)
    assert price_of() == planned


@pytest.mark.django_db
@pytest.mark.postgresql
def test_any_offset_that_can_be_typed_is_kept(staff: Client) -> None:
    there = f"{PAGE}prices/{price_of().pk}/"
    staff.post(there, numbers(effective_from="2026-12-02 00:00+23:59", confirm="1"))
    assert price_of().effective_from == datetime(2026, 12, 1, 0, 1, tzinfo=UTC)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("fresh_input", "-1", "0 or more"), ("output", "NaN", "0 or more"),
        ("output", "1e999999999", "0 or more"), ("output", "", "0 or more"),
        ("cache_read", "0.0000001", "at most 6 decimals"), ("output", "1e7", "0 or more"),
        ("effective_from", "2026-11-01", "cannot change the past"),
        ("effective_from", "2029-11-01", "within a year"),
        ("effective_from", "soon", "Write a day and time"), ("source", " ", "who says so"),
        ("source_date", "2027-01-01", "the day on which"), ("source_date", "", "the day on which"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_saved(
    staff: Client, field: str, value: str, sentence: str
) -> None:
    row = price_of()
    there = f"{PAGE}prices/{row.pk}/"
    sent = numbers(**{field: value}, confirm="1")
    assert sentence in words(staff.post(there, sent), 400)
    assert "What it would have made" not in words(staff.get(there, sent))
    assert price_of() == row


@pytest.mark.django_db
def test_there_is_no_such_price(staff: Client) -> None:
    words(staff.get(f"{PAGE}prices/{10**18}/"), 404)


@pytest.mark.django_db
def test_the_export_has_the_whole_book(staff: Client) -> None:
    response = staff.get(f"{PAGE}prices.csv")
    rows = list(csv.DictReader(io.StringIO(response.content.decode())))
    assert len(rows) == ModelPrice.objects.count()
    assert {"provider", "source_date", "superseded_at"} <= set(rows[0])


# --- a test call --------------------------------------------------------------------------------


@pytest.fixture
def fake(alice: User) -> Callable[[str], Deployment]:
    call_command("load_defaults", stdout=StringIO())
    alice.user_permissions.add(Permission.objects.get(codename="change_deployment"))

    def make(model: str) -> Deployment:
        return Deployment.objects.create(
            name=f"fake/{model}", provider="fake", model=model, model_class="local",
            languages=["en"], price_provider="local",
        )

    return make


@WITH_LEDGER
def test_a_test_is_one_call_that_is_booked(page: Page, fake: Callable[[str], Deployment]) -> None:
    row = fake("words")
    for once in ("a", "b"):  # the second one is not answered by a cache
        said = words(page.post(f"{PAGE}test/{row.pk}/", {"once": once}))
        assert "fake/words answered after" in said
    assert [each.deployment for each in UsageRecord.objects.all()] == ["fake/words"] * 2
    assert not UsageRecord.objects.exclude(cache_layer="").exists()


@WITH_LEDGER
def test_a_provider_that_is_down_says_so(page: Page, fake: Callable[[str], Deployment]) -> None:
    row = fake("down")
    assert "fake/down did not answer:" in words(page.post(f"{PAGE}test/{row.pk}/"))
    words(page.post(f"{PAGE}test/{10**9}/"), 404)
