"""Staff who may edit people are no way to become an administrator, or to sign in as one."""

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.services import tiers_load
from tests.costcontrol.account.login import app_of

pytestmark = pytest.mark.django_db
PERMISSIONS = ("change_user", "view_user", "delete_authenticator", "view_authenticator")


@pytest.fixture(autouse=True)
def boss(db: None) -> User:
    tiers_load()
    return User.objects.create_superuser("boss@example.org", "correct horse battery")


@pytest.fixture
def helper(client: Client) -> Client:
    """Staff, and no administrator."""
    user = User.objects.create_user("helper@example.org", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=PERMISSIONS))
    client.force_login(user)
    return client


def form_of(user: User, **changed: str) -> dict[str, str]:
    return {"email": str(user.email), "tier": "free", "is_active": "on", **changed}


def page_of(user: User) -> str:
    return reverse("admin:accounts_user_change", args=[user.pk])


def test_customers_are_edited(helper: Client) -> None:
    dora = User.objects.create_user("dora@example.org")
    helper.post(page_of(dora), form_of(dora, email="dora.lind@example.org"))
    dora.refresh_from_db()
    assert dora.email == "dora.lind@example.org"


def test_nobody_is_made_staff_by_who_is_no_administrator(helper: Client) -> None:
    dora = User.objects.create_user("dora@example.org")
    helper.post(page_of(dora), form_of(dora, is_staff="on", is_superuser="on"))
    dora.refresh_from_db()
    assert (dora.is_staff, dora.is_superuser) == (False, False)


def test_staff_are_looked_at_and_not_changed(helper: Client, boss: User) -> None:
    assert helper.get(page_of(boss)).status_code == 200
    assert helper.post(page_of(boss), form_of(boss, email="mine@example.org")).status_code == 403
    new = {"password1": "mine mine mine 1", "password2": "mine mine mine 1"}
    page = reverse("admin:auth_user_password_change", args=[boss.pk])
    assert helper.post(page, new).status_code == 403
    boss.refresh_from_db()
    assert boss.email == "boss@example.org"
    assert boss.check_password("correct horse battery")


@pytest.mark.parametrize("way", ["page", "list"])
def test_second_factor_of_staff_is_taken_off_by_administrators_only(
    helper: Client, boss: User, way: str
) -> None:
    app_of(boss)
    factor = Authenticator.objects.get(user=boss)
    if way == "page":
        helper.post(reverse("admin:mfa_authenticator_delete", args=[factor.pk]), {"post": "yes"})
    else:
        form = {"action": "delete_selected", "_selected_action": factor.pk, "post": "yes"}
        helper.post(reverse("admin:mfa_authenticator_changelist"), form)
    assert Authenticator.objects.filter(user=boss).exists()


def test_administrators_change_everybody(client: Client, boss: User) -> None:
    client.force_login(User.objects.create_superuser("second@example.org"))
    client.post(page_of(boss), form_of(boss, is_staff="on"))
    boss.refresh_from_db()
    assert (boss.is_staff, boss.is_superuser) == (True, False)
