"""What the webhook believes, writes down, and answers."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from stripe import WebhookSignature

from billing.models import StripeEvent
from billing.payments import client, nudge
from tests.billing.payments.conftest import SECRET
from tests.services.stripe import StripeFake

pytestmark = pytest.mark.usefixtures("stripe")


def event(**fields: Any) -> dict[str, Any]:
    thing = {"id": "sub_1", "object": "subscription", "customer": "cus_1"}
    return {
        "id": "evt_1", "object": "event", "type": "customer.subscription.updated",
        "created": int(time.time()), "livemode": False, "api_version": client.api_version(),
        "data": {"object": thing},
    } | fields


def send(
    body: dict[str, Any] | bytes, *, secret: str = SECRET, age_s: int = 0, signature: str = ""
) -> int:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    signed = WebhookSignature.generate_signature_header(
        raw.decode("utf-8", "replace"), secret, timestamp=int(time.time()) - age_s
    )
    return post(raw, signature or signed)


def post(body: bytes, signature: str) -> int:
    """Through all of Django."""
    reply = Client(enforce_csrf_checks=True).post(
        reverse("payments:stripe"), body, content_type="application/json",
        headers={"Stripe-Signature": signature},
    )
    return reply.status_code


def states() -> dict[str, str]:
    return dict(StripeEvent.objects.values_list("id", "state"))


def test_a_signed_notice_is_written_down_and_waits() -> None:
    assert send(event()) == 200
    row = StripeEvent.objects.get()
    assert (row.id, row.state, row.stripe_customer, row.object_id) == (
        "evt_1", "pending", "cus_1", "sub_1"
    )


@pytest.mark.parametrize(("age_s", "status"), [
    (290, 200), (301, 400), (86_400, 400), (-290, 200), (-310, 400),
])
def test_a_notice_may_be_five_minutes_old_or_early(age_s: int, status: int) -> None:
    assert send(event(), age_s=age_s) == status
    assert StripeEvent.objects.count() == (status == 200)


@pytest.mark.parametrize("signature", [
    "t=1,v1=00", "v1=00", "t=,v1=", "nonsense", "t=x,v1=y", f"t={'9' * 5_000},v1=00",
])
def test_a_forged_signature_is_refused(signature: str) -> None:
    assert send(event(), signature=signature) == 400
    assert not states()


def test_an_unsigned_notice_is_refused() -> None:
    assert post(json.dumps(event()).encode(), "") == 400
    assert not states()


def test_another_secret_is_refused() -> None:
    assert send(event(), secret="whsec_of_somebody_else") == 400
    assert not states()


def test_a_notice_that_was_changed_after_signing_is_refused() -> None:
    raw = json.dumps(event()).encode()
    signed = WebhookSignature.generate_signature_header(raw.decode(), SECRET)
    assert post(raw.replace(b"cus_1", b"cus_2"), signed) == 400


def test_both_secrets_are_good_while_one_replaces_the_other(settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRET = ["whsec_new", SECRET]
    assert send(event(), secret="whsec_new") == 200
    assert send(event(id="evt_2"), secret=SECRET) == 200


def test_a_notice_of_the_other_mode_is_written_down_and_never_acted_on() -> None:
    assert send(event(livemode=True)) == 200
    row = StripeEvent.objects.get()
    assert (row.state, row.note) == ("ignored", "of the other mode, real money or test")


def test_a_notice_of_another_version_is_acted_on() -> None:
    assert send(event(api_version="2019-01-01")) == 200
    row = StripeEvent.objects.get()
    assert (row.state, row.note) == ("pending", "of version 2019-01-01")


def test_an_unknown_type_is_answered_and_ignored() -> None:
    assert send(event(type="radar.early_fraud_warning.created")) == 200
    assert states() == {"evt_1": "ignored"}


def test_the_same_notice_is_one_row() -> None:
    assert [send(event()) for _again in range(3)] == [200, 200, 200]
    assert len(states()) == 1


def test_a_worked_off_notice_stays_so_when_it_comes_again() -> None:
    send(event())
    StripeEvent.objects.update(state="done")
    send(event())
    assert states() == {"evt_1": "done"}


def test_more_than_256_kib_is_refused() -> None:
    thing = {"id": "sub_1", "object": "subscription", "customer": "cus_1", "x": "y" * 262_144}
    assert send(event(data={"object": thing})) == 413
    assert not states()


@pytest.mark.parametrize("raw", [
    b"", b"not json", b"[]", b"{}", b"null", b'{"id": "evt_1", "object": "v2.core.event"}',
    b'{"object": "event"}',
])
def test_what_is_no_event_is_refused_even_with_a_good_signature(raw: bytes) -> None:
    assert send(raw) == 400
    assert not states()


def test_only_post_is_answered() -> None:
    assert Client().get(reverse("payments:stripe")).status_code == 405


def test_without_a_secret_nothing_is_believed(settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRET = []
    assert send(event()) == 503
    settings.STRIPE_WEBHOOK_SECRET = [SECRET]
    settings.STRIPE_SECRET_KEY = ""
    assert send(event()) == 503
    assert not states()


def test_a_live_key_wants_live_notices(settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = "sk_live_x"
    send(event(livemode=True))
    send(event(id="evt_2", livemode=False))
    assert states() == {"evt_1": "pending", "evt_2": "ignored"}


def test_the_answer_comes_in_50_ms_with_the_broker_down(
    stripe: StripeFake, django_capture_on_commit_callbacks: Any, settings: Any
) -> None:
    """The median of 20; the one thread that wakes workers finds no broker all the while."""
    from costcontrol.celery import app

    broker = app.conf.broker_url
    app.conf.broker_url = "redis+socket:///nowhere/valkey.sock"
    app.pool.force_close_all()
    try:
        times = []
        for number in range(20):
            with django_capture_on_commit_callbacks(execute=True):
                begun = time.perf_counter()
                assert send(event(id=f"evt_{number}")) == 200
                times.append(time.perf_counter() - begun)
    finally:
        app.conf.broker_url = broker
    assert sorted(times)[10] < 0.05
    assert len(states()) == 20
    assert nudge._thread is not None


def test_the_time_of_a_notice_is_that_of_stripe() -> None:
    send(event(created=1_800_000_000))
    assert StripeEvent.objects.get().created_at == datetime.fromtimestamp(1_800_000_000, UTC)
