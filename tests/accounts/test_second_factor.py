"""A lost second factor is taken off by staff, who never see what it is made of."""

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, User
from accounts.services import tiers_load
from tests.costcontrol.account.login import app_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client: Client) -> Client:
    tiers_load()
    client.force_login(User.objects.create_superuser("alice@example.com"))
    return client


@pytest.fixture
def lost(staff: Client) -> tuple[Authenticator, str]:
    dora = User.objects.create_user("dora@example.com")
    secret = app_of(dora)
    return Authenticator.objects.get(user=dora), secret


def test_it_is_listed_without_its_secret(staff: Client, lost: tuple[Authenticator, str]) -> None:
    factor, secret = lost
    pages = (
        reverse("admin:mfa_authenticator_changelist"),
        reverse("admin:mfa_authenticator_change", args=[factor.pk]),
    )
    for page in pages:
        text = staff.get(page).content.decode()
        assert "dora@example.com" in text
        assert secret not in text


@pytest.mark.parametrize("way", ["page", "list"])
def test_it_is_taken_off_and_written_down(
    staff: Client, lost: tuple[Authenticator, str], way: str
) -> None:
    factor, secret = lost
    if way == "page":
        page = reverse("admin:mfa_authenticator_delete", args=[factor.pk])
        staff.post(page, {"post": "yes"})
    else:
        form = {"action": "delete_selected", "_selected_action": factor.pk, "post": "yes"}
        staff.post(reverse("admin:mfa_authenticator_changelist"), form)
    assert not Authenticator.objects.exists()
    event = AuditEvent.objects.get(action="authenticator_delete")
    assert event.actor == "alice@example.com"
    assert secret not in str(event.before)


def test_none_is_added_or_changed_by_hand(staff: Client, lost: tuple[Authenticator, str]) -> None:
    assert staff.get(reverse("admin:mfa_authenticator_add")).status_code == 403
    page = reverse("admin:mfa_authenticator_change", args=[lost[0].pk])
    assert staff.post(page, {"type": "totp"}).status_code == 403
