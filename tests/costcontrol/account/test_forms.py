"""Sign-up under two clicks at once."""

import pytest
from allauth.account.models import EmailAddress
from allauth.core.context import request_context
from django.contrib.sessions.backends.db import SessionStore
from django.core import mail
from django.http import HttpRequest
from django.test import RequestFactory

from accounts.models import User
from accounts.services import tiers_load
from costcontrol.account.forms import SignUpForm
from tests.costcontrol.account.login import SECRET

pytestmark = pytest.mark.django_db
DORA = "dora@example.com"


@pytest.fixture
def request_of_sign_up(db: None) -> HttpRequest:
    tiers_load()
    request = RequestFactory().post("/signup/")
    request.session = SessionStore()
    return request


def test_second_click_finds_the_account_of_the_first_and_leads_to_the_same_page(
    request_of_sign_up: HttpRequest,
) -> None:
    with request_context(request_of_sign_up):
        first, second = (SignUpForm({"email": DORA, "password1": SECRET}) for _ in range(2))
        assert first.is_valid()
        assert second.is_valid()
        user, response = first.try_save(request_of_sign_up)
        assert (user.email, response) == (DORA, None)
        user, response = second.try_save(request_of_sign_up)
    assert (user, response["Location"]) == (None, "/confirm-email/")
    assert User.objects.count() == EmailAddress.objects.count() == 1
    assert [letter.subject for letter in mail.outbox] == ["You have an account already"]
