"""What staff see of organisations, and the plan that they may give to one."""


import pytest
from django.test import Client
from django.urls import reverse

from accounts.invitations import invite
from accounts.models import AuditEvent, Invitation, Member, Organisation, User
from accounts.organisations import organisation_create
from costcontrol.lib import clock
from tests.services.defaults import defaults_copy

pytestmark = pytest.mark.django_db


@pytest.fixture
def debates(db: None) -> Organisation:
    defaults_copy()
    alice = User.objects.create_user("alice@example.org")
    organisation = organisation_create(owner=alice, name="Debates")
    invite(organisation, by=alice, email="bob@example.org", role="member", now=clock.now())
    return organisation


@pytest.fixture
def staff(db: None, client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss@example.org"))
    return client


@pytest.mark.parametrize("name", ["organisation", "member", "invitation"])
def test_lists_open_and_nothing_is_added_or_deleted_there(
    staff: Client, debates: Organisation, name: str
) -> None:
    listed = staff.get(reverse(f"admin:accounts_{name}_changelist"), {"q": "Debates"})
    assert listed.status_code == 200
    assert "Debates" in listed.content.decode()
    assert staff.get(reverse(f"admin:accounts_{name}_add")).status_code == 403
    row = {"organisation": debates, "member": Member.objects.get(),
           "invitation": Invitation.objects.get()}[name]
    assert staff.get(reverse(f"admin:accounts_{name}_delete", args=[row.pk])).status_code == 403


def test_digest_of_an_invitation_is_shown_to_nobody(
    staff: Client, debates: Organisation
) -> None:
    row = Invitation.objects.get()
    page = staff.get(reverse("admin:accounts_invitation_change", args=[row.pk])).content.decode()
    assert "bob@example.org" in page
    assert row.digest not in page


def test_another_plan_goes_through_billing_and_is_written_down(
    staff: Client, debates: Organisation
) -> None:
    there = reverse("admin:accounts_organisation_change", args=[debates.pk])
    assert staff.post(there, {"name": "Debates", "tier": "enterprise"}).status_code == 302
    debates.refresh_from_db()
    event = AuditEvent.objects.get(action="tier_change")
    assert debates.tier_id == "enterprise"
    assert (event.before, event.after) == ({"tier": "free"}, {"tier": "enterprise"})


def test_another_name_is_no_other_plan(staff: Client, debates: Organisation) -> None:
    there = reverse("admin:accounts_organisation_change", args=[debates.pk])
    staff.post(there, {"name": "Debate Society", "tier": "free"})
    debates.refresh_from_db()
    assert debates.name == "Debate Society"
    assert not AuditEvent.objects.filter(action="tier_change").exists()
    assert AuditEvent.objects.filter(action="organisation_change").count() == 1
