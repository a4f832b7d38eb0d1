"""Where a form of ours may lead: to us, and to who takes the money."""

from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def form_action() -> str:
    policy = Client().get("/").headers["Content-Security-Policy"]
    return next(part for part in policy.split("; ") if part.startswith("form-action"))


def test_without_stripe_forms_lead_to_us_alone() -> None:
    assert form_action() == "form-action 'self'"


def test_with_stripe_they_may_lead_to_its_pages(settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_x"
    assert form_action().split()[2:] == [
        "https://checkout.stripe.com", "https://billing.stripe.com", "https://invoice.stripe.com"
    ]


def test_with_a_stand_in_they_may_lead_to_it_and_not_to_stripe(settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_x"
    settings.STRIPE_API_BASE = "http://127.0.0.1:8421/some/path"
    assert form_action() == "form-action 'self' http://127.0.0.1:8421"
