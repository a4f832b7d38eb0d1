"""A whole provider is paused in one step, and goes on with what was on before."""

import html
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.test import Client

from accounts.models import AuditEvent, User
from billing.models import ModelPrice
from routing.models import Deployment

pytestmark = pytest.mark.django_db
PAGE = "/dashboard/settings/providers/"


@pytest.fixture
def staff(client: Client, alice: User) -> Client:
    call_command("load_defaults", stdout=StringIO())
    alice.user_permissions.set(Permission.objects.filter(codename="change_deployment"))
    client.force_login(alice)
    return client


def words(response: Any, status: int = 200) -> str:
    assert response.status_code == status
    return " ".join(html.unescape(response.content.decode()).split())


def of(provider: str, **more: Any) -> list[Deployment]:
    return list(Deployment.objects.filter(provider=provider, **more).order_by("priority", "name"))


def there(provider: str = "anthropic") -> str:
    return f"{PAGE}{of(provider)[0].pk}/"


def test_a_pause_stops_all_models_of_the_provider_and_of_no_other(staff: Client) -> None:
    others = set(Deployment.objects.exclude(provider="anthropic").values_list("pk", "is_enabled"))
    names = [row.name for row in of("anthropic", is_enabled=True)]
    assert names
    sent = {"what": "pause", "confirm": "1", "reason": "they are down"}
    assert "Anthropic is paused." in words(staff.post(there(), sent, follow=True))
    assert not of("anthropic", is_enabled=True)
    rest = Deployment.objects.exclude(provider="anthropic")
    assert set(rest.values_list("pk", "is_enabled")) == others
    event = AuditEvent.objects.get(action="provider_pause")
    assert (event.after, event.reason) == ({"models": names}, "they are down")
    assert AuditEvent.objects.filter(action="deployment_switch").count() == len(names)
    assert "Let it go on" in words(staff.get("/dashboard/settings/"))


def test_going_on_offers_what_the_pause_switched_off(staff: Client) -> None:
    first, *rest = of("anthropic", is_enabled=True)
    Deployment.objects.filter(pk=first.pk).update(is_enabled=False)
    staff.post(there(), {"what": "pause", "confirm": "1"})
    said = words(staff.get(there()))
    assert f'value="{first.pk}"> {first.name}' in said
    assert all(f'value="{row.pk}" checked> {row.name}' in said for row in rest)
    chosen = {"what": "resume", "confirm": "1", "models": [str(row.pk) for row in rest]}
    staff.post(there(), chosen)
    assert of("anthropic", is_enabled=True) == rest


def test_classes_that_nobody_is_left_for_are_named_first(staff: Client) -> None:
    Deployment.objects.exclude(provider="anthropic").update(is_enabled=False)
    assert "Nobody else answers calls of these classes" in words(staff.get(there()))
    Deployment.objects.update(is_enabled=True)
    Deployment.objects.filter(provider="anthropic").update(model_class="premium")
    Deployment.objects.exclude(provider="anthropic").update(model_class="premium")
    assert "Nobody else" not in words(staff.get(there()))


def test_a_pause_is_asked_about_once_more_and_needs_the_permission(
    staff: Client, alice: User
) -> None:
    before = list(Deployment.objects.values_list("pk", "is_enabled"))
    assert "Tick that" in words(staff.post(there(), {"what": "pause"}, follow=True))
    alice.user_permissions.clear()
    assert staff.post(there(), {"what": "pause", "confirm": "1"}).status_code == 403
    assert "your account needs the permission" in words(staff.get(there()))
    assert list(Deployment.objects.values_list("pk", "is_enabled")) == before
    assert staff.get(f"{PAGE}{10**12}/").status_code == 404


def test_models_without_a_price_or_of_others_are_not_switched_on(staff: Client) -> None:
    staff.post(there(), {"what": "pause", "confirm": "1"})
    ModelPrice.objects.filter(provider="anthropic").delete()
    Deployment.objects.filter(provider="openai").update(is_enabled=False)
    stranger, row = of("openai")[0], of("anthropic")[0]
    sent = {"what": "resume", "confirm": "1"}
    said = words(staff.post(there(), sent | {"models": [row.pk]}, follow=True))
    assert "There is no price for" in said
    said = words(staff.post(there(), sent | {"models": [stranger.pk, "x"]}, follow=True))
    assert "Choose at least one model." in said
    assert not Deployment.objects.filter(is_enabled=True, provider__in=("anthropic", "openai"))
