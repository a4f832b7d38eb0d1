"""Addresses that staff and commands write down count as confirmed; a claim alone does not."""

from importlib import import_module

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.db import IntegrityError

from accounts.addresses import address_vouch, is_taken
from accounts.models import User
from accounts.services import tiers_load

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def plans(db: None) -> None:
    tiers_load()


def addresses_of(user: User) -> list[tuple[str, bool, bool]]:
    rows = EmailAddress.objects.filter(user=user).order_by("email")
    return list(rows.values_list("email", "verified", "primary"))


def test_people_made_by_a_command_can_sign_in_at_once() -> None:
    dora = User.objects.create_user("Dora@Example.COM")
    assert addresses_of(dora) == [("dora@example.com", True, True)]


def test_another_address_takes_the_place_of_the_one_before() -> None:
    dora = User.objects.create_user("dora@example.com")
    dora.email = "d@example.com"
    dora.save()
    address_vouch(dora)
    assert addresses_of(dora) == [("d@example.com", True, True)]


def test_claim_of_somebody_else_goes() -> None:
    bob = User.objects.create_user("bob@example.com")
    EmailAddress.objects.create(user=bob, email="dora@example.com")
    assert not is_taken("dora@example.com", by_others_than=None)
    dora = User.objects.create_user("dora@example.com")
    assert addresses_of(dora) == [("dora@example.com", True, True)]
    assert addresses_of(bob) == [("bob@example.com", True, True)]


def test_address_that_somebody_confirmed_is_not_taken_from_them() -> None:
    bob = User.objects.create_user("bob@example.com")
    EmailAddress.objects.create(user=bob, email="dora@example.com", verified=True)
    assert is_taken("dora@example.com", by_others_than=None)
    with pytest.raises(IntegrityError):
        User.objects.create_user("dora@example.com")


def test_end_users_of_a_service_have_none() -> None:
    owner = User.objects.create_user("backend@example.com")
    reader = User.objects.create(owner=owner, external_id="1")
    address_vouch(reader)
    assert addresses_of(reader) == []


def test_migration_lets_people_in_who_were_there_before() -> None:
    dora = User.objects.create_user("dora@example.com")
    EmailAddress.objects.all().delete()
    import_module("accounts.migrations.0004_addresses").vouch(apps, None)
    assert addresses_of(dora) == [("dora@example.com", True, True)]
