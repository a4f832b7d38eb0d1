"""Who sees the customer's pages, for whom and in which role; what staff need before theirs."""

import pytest
from django.conf import LazySettings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.test import AsyncRequestFactory, Client, RequestFactory

from accounts.models import Member, Organisation, User
from accounts.second_factor import is_missing
from accounts.services import api_key_issue, tiers_load
from accounts.types import Payer
from costcontrol.account.access import (
    Role,
    current_payer,
    customer_required,
    role_of,
    role_required,
    zone_of,
)
from costcontrol.account.tabs import tabs
from costcontrol.dashboard.access import staff_required
from tests.costcontrol.account.login import SECRET, app_of, app_set_up, sign_in

pytestmark = pytest.mark.django_db
STAFF_PAGES = (
    "/dashboard/", "/dashboard/calls/", "/dashboard/health/", "/admin/", "/admin/billing/budget/",
)


@customer_required
def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("seen")


@role_required("owner", "billing")
def page_of_who_pays(request: HttpRequest) -> HttpResponse:
    return HttpResponse("seen")


@pytest.fixture(autouse=True)
def plans(db: None) -> None:
    tiers_load()


@pytest.fixture
def dora() -> User:
    return User.objects.create_user("dora@example.com", SECRET)


def request_of(user: User) -> HttpRequest:
    request = RequestFactory().get("/account/plans/")
    request.user = user
    return request


def joined(user: User, role: str) -> Organisation:
    organisation = Organisation.objects.create(name="Debaters")
    Member.objects.create(organisation=organisation, user=user, role=role)
    return organisation


# --- customers -------------------------------------------------------------------------------


def test_strangers_are_sent_to_the_sign_in_and_back(client: Client) -> None:
    answer = client.get("/account/security/?a=1")
    assert answer["Location"] == "/login/?next=/account/security/%3Fa%3D1"


def test_part_of_a_page_takes_the_whole_page_to_the_sign_in(client: Client) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "/account/"}
    answer = client.get("/account/security/", headers=headers)
    assert (answer.status_code, answer["HX-Redirect"]) == (204, "/login/?next=/account/")


def test_closed_account_is_sent_away(dora: User) -> None:
    dora.is_active = False
    assert page(request_of(dora)).status_code == 302


def test_what_a_customer_sees_is_kept_by_no_cache(dora: User) -> None:
    assert "no-store" in page(request_of(dora))["Cache-Control"]


def test_somebody_alone_pays_for_themselves_and_owns_what_they_have(dora: User) -> None:
    request = request_of(dora)
    assert (current_payer(request), role_of(request)) == (Payer("user", str(dora.pk)), "owner")
    assert page_of_who_pays(request).content == b"seen"


@pytest.mark.parametrize(("role", "may"), [("owner", True), ("billing", True), ("member", False)])
def test_page_is_seen_in_the_roles_that_it_names(dora: User, role: Role, may: bool) -> None:
    organisation = joined(dora, role)
    request = request_of(dora)
    assert (current_payer(request), role_of(request)) == (Payer("org", str(organisation.pk)), role)
    if may:
        assert page_of_who_pays(request).content == b"seen"
        return
    with pytest.raises(PermissionDenied, match="Ask an owner"):
        page_of_who_pays(request)


def test_members_are_shown_no_tabs_about_paying(dora: User) -> None:
    alone = {str(tab.label) for tab in tabs(request_of(dora))}
    joined(dora, "member")
    member = {str(tab.label) for tab in tabs(request_of(User.objects.get(pk=dora.pk)))}
    assert {"Security", "Profile"} <= member < alone


def test_zone_is_the_chosen_one_or_the_usual_one(dora: User) -> None:
    assert zone_of(request_of(dora)) == "Asia/Seoul"
    dora.zone = "Europe/Berlin"
    assert zone_of(request_of(dora)) == "Europe/Berlin"


# --- staff and the second factor -------------------------------------------------------------


@pytest.fixture
def strict(settings: LazySettings) -> None:
    settings.STAFF_NEEDS_MFA = True


@pytest.fixture
def alice() -> User:
    return User.objects.create_superuser("alice@example.com", SECRET)


@pytest.mark.usefixtures("strict", "alice")
@pytest.mark.parametrize("path", STAFF_PAGES)
def test_staff_without_a_second_factor_set_one_up_first(client: Client, path: str) -> None:
    sign_in(client, "alice@example.com")
    assert client.get(path)["Location"] == "/2fa/"
    assert "Staff of this server need a second factor." in client.get("/2fa/").content.decode()


@pytest.mark.usefixtures("strict", "alice")
def test_staff_who_set_one_up_see_their_pages(client: Client) -> None:
    sign_in(client, "alice@example.com")
    app_set_up(client)
    assert [client.get(path).status_code for path in ("/dashboard/calls/", "/admin/")] == [200, 200]


@pytest.mark.usefixtures("strict")
def test_password_of_staff_alone_is_worth_no_key_and_no_file(client: Client, alice: User) -> None:
    key, _secret = api_key_issue(user=alice, scopes=("call", "service"), actor="setup")
    sign_in(client, "alice@example.com")
    client.post("/reauthenticate/?next=/account/data/", {"password": SECRET})
    for path in ("keys/", f"keys/{key.prefix}/rotate/", "data/export/"):
        answer = client.post(f"/account/{path}", {"service": "on", "overlap": "week"})
        assert (path, answer.get("Location")) == (path, "/2fa/")
    assert alice.api_keys.count() == 1


@pytest.mark.usefixtures("strict")
async def test_async_staff_pages_ask_for_it_too() -> None:
    @staff_required
    async def seen(request: HttpRequest) -> HttpResponse:
        return HttpResponse("seen")

    async def alice() -> User:
        return User(pk=12345, email="alice@example.com", is_staff=True)

    request = AsyncRequestFactory().get("/dashboard/", headers={"HX-Request": "true"})
    request.auser = alice
    assert (await seen(request))["HX-Redirect"] == "/2fa/"


@pytest.mark.usefixtures("strict")
def test_recovery_codes_alone_are_no_second_factor(alice: User) -> None:
    app_of(alice)
    assert not is_missing(alice)
    alice.authenticator_set.update(type="recovery_codes")
    assert is_missing(alice)


@pytest.mark.usefixtures("strict")
def test_customers_need_none(dora: User) -> None:
    assert not is_missing(dora)


def test_on_a_server_for_this_machine_alone_a_password_will_do(client: Client, alice: User) -> None:
    sign_in(client, "alice@example.com")
    assert client.get("/admin/").status_code == 200
    assert "from this machine only" in _spoken(client.get("/dashboard/health/"))


def test_health_page_warns_where_others_reach_the_server(
    client: Client, alice: User, settings: LazySettings
) -> None:
    settings.IS_LOCAL_ONLY = False
    sign_in(client, "alice@example.com")
    assert "with a password alone" in _spoken(client.get("/dashboard/health/"))


def _spoken(answer: HttpResponse) -> str:
    return " ".join(answer.content.decode().split())


def test_login_form_of_the_admin_is_no_way_around(client: Client, alice: User) -> None:
    answer = client.post("/admin/login/", {"username": "alice@example.com", "password": SECRET})
    assert answer["Location"] == "/login/?next=/admin/"
    assert client.get("/admin/")["Location"].startswith("/admin/login/")
