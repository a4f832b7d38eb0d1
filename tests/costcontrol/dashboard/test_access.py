"""Staff pages are for staff, and a database that is away is said."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import AsyncRequestFactory, Client, RequestFactory

from accounts.models import User
from costcontrol.dashboard.access import staff_required
from tests.costcontrol.dashboard import rows

PAGES = ("/dashboard/", "/dashboard/health/", "/dashboard/charts/spend.csv")


@staff_required
def sync_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("seen")


@staff_required
async def async_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"seen by {request.user}")


@staff_required
def page_without_database(request: HttpRequest) -> HttpResponse:
    raise OperationalError("no server")


@staff_required
async def async_page_without_database(request: HttpRequest) -> HttpResponse:
    raise OperationalError("no server")


@pytest.mark.django_db
@pytest.mark.parametrize("page", PAGES)
def test_strangers_are_sent_to_the_sign_in_and_back(client: Client, page: str) -> None:
    response = client.get(page, {"tier": "free"})
    assert response.status_code == 302
    assert response["Location"] == f"/login/?next={page}%3Ftier%3Dfree"


@pytest.mark.django_db
@pytest.mark.parametrize("page", PAGES)
def test_customers_are_told_that_it_is_for_staff(client: Client, page: str) -> None:
    client.force_login(rows.person())
    response = client.get(page)
    assert response.status_code == 403
    assert "for staff" in response.content.decode()


@pytest.mark.django_db
def test_a_part_of_a_page_whose_session_ended_takes_the_whole_page_to_the_sign_in(
    client: Client,
) -> None:
    response = client.get(
        "/dashboard/health/", headers={"HX-Request": "true", "HX-Current-URL": "/dashboard/?a=1"}
    )
    assert response.status_code == 204
    assert response["HX-Redirect"] == "/login/?next=/dashboard/%3Fa%3D1"


def test_a_closed_account_is_no_staff() -> None:
    request = RequestFactory().get("/dashboard/")
    request.user = User(email="alice@example.com", is_staff=True, is_active=False)
    with pytest.raises(PermissionDenied):
        sync_page(request)


def test_what_staff_see_is_kept_by_no_cache() -> None:
    request = RequestFactory().get("/dashboard/")
    request.user = User(email="alice@example.com", is_staff=True)
    assert "no-store" in sync_page(request)["Cache-Control"]


async def test_async_pages_are_guarded_too() -> None:
    request = AsyncRequestFactory().get("/dashboard/")

    async def nobody() -> AnonymousUser:
        return AnonymousUser()

    request.auser = nobody
    assert (await async_page(request)).status_code == 302


async def test_templates_of_async_pages_know_who_is_there() -> None:
    request = AsyncRequestFactory().get("/dashboard/")

    async def alice() -> User:
        return User(email="alice@example.com", is_staff=True)

    request.auser = alice
    assert (await async_page(request)).content == b"seen by alice@example.com"


def test_without_a_database_the_page_says_so_and_when_to_come_back() -> None:
    request = RequestFactory().get("/dashboard/")
    request.user = User(email="alice@example.com", is_staff=True)
    response = page_without_database(request)
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "The database is away" in response.content.decode()
    assert "no server" not in response.content.decode()


async def test_async_pages_say_it_too() -> None:
    request = AsyncRequestFactory().get("/dashboard/")

    async def alice() -> User:
        return User(email="alice@example.com", is_staff=True)

    request.auser = alice
    assert (await async_page_without_database(request)).status_code == 503
