"""Messages: tried again, given up and shown, in the reader's language, signed."""

import hashlib
import hmac
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as product
from django.core import mail
from django.utils import translation
from pytest_django import Settings

from accounts.models import User
from accounts.services import tiers_load
from billing.alerting import deliveries
from billing.alerting.deliveries import MAX_TRIES, WAITS_S, deliver_due, send_test
from billing.models_operator import Alert, AlertChannel, AlertDelivery
from tests.billing.alerting.receiver import Receiver
from tests.billing.alerting.rows import channel, look, rule, spend
from tests.billing.books import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
DOCS = Path(product.BASE_DIR) / "docs" / "alerts.md"


def opened(*channels: AlertChannel) -> AlertDelivery:
    rule(channels=channels)
    spend(85)
    look()
    return AlertDelivery.objects.get()


def after(seconds: float = 0) -> int:
    return deliver_due(now=NOW + timedelta(seconds=seconds))


def sent(receiver: Receiver) -> tuple[dict[str, str], Any]:
    _path, headers, body = receiver.got[-1]
    return headers, json.loads(body)


def test_webhook_is_signed_over_its_time_and_body(receiver: Receiver) -> None:
    hook = channel("webhook", f"{receiver.url}/alerts?team=1")
    row = opened(hook)
    assert after() == 1
    path, headers, body = receiver.got[0]
    stamp = headers["x-costcontrol-timestamp"]
    expected = hmac.new(hook.secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256)
    assert headers["x-costcontrol-signature"] == f"v1={expected.hexdigest()}"
    assert (path, stamp) == ("/alerts?team=1", str(int(NOW.timestamp())))
    said = json.loads(body)
    assert (said["id"], said["event"], said["demo"]) == (row.pk, "opened", False)
    assert said["alert"] | {"id": 0, "rule": 0, "details": {}} == {
        "id": 0, "rule": 0, "kind": "budget", "subject": "platform:/day",
        "period": "2026-11-24T15:00Z 1000000000", "threshold": 80, "value": 85,
        "unit": "percent", "state": "open", "opened_at": NOW.isoformat(), "details": {},
    }
    assert said["alert"]["details"]["cap_nanos"] == 10**9
    assert hook.secret not in body.decode() + str(headers)


def test_receivers_can_check_it_as_the_docs_say(receiver: Receiver) -> None:
    [example] = re.findall(r"```python\n(.+?)```", DOCS.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)
    hook = channel("webhook", receiver.url)
    opened(hook)
    after()
    _path, headers, body = receiver.got[0]
    given = (headers["x-costcontrol-timestamp"], headers["x-costcontrol-signature"])
    seconds = NOW.timestamp()
    assert names["is_from_costcontrol"](hook.secret, *given, body, now=seconds + 10)
    assert not names["is_from_costcontrol"](hook.secret, *given, body + b" ", now=seconds)
    assert not names["is_from_costcontrol"]("another", *given, body, now=seconds)
    assert not names["is_from_costcontrol"](hook.secret, *given, body, now=seconds + 301)
    forged = (str(int(seconds) + 300), given[1])
    assert not names["is_from_costcontrol"](hook.secret, *forged, body, now=seconds + 310)


def test_slack_gets_its_own_format(receiver: Receiver) -> None:
    opened(channel("slack", receiver.url))
    assert after() == 1
    headers, said = sent(receiver)
    assert said["text"] == "The whole platform, today: 85% of the budget is used"
    block = said["blocks"][0]["text"]
    assert block["type"] == "mrkdwn"
    assert block["text"].startswith(f"*{said['text']}*\n$0.85 of $1.00 are spent.\n")
    place = f"/dashboard/budgets/#alert-{Alert.objects.get().pk}"
    assert f"<{product.SITE_URL}{place}>" in block["text"]
    assert "x-costcontrol-signature" not in headers


def test_names_become_no_links_and_no_mentions_in_slack(receiver: Receiver) -> None:
    rule(scope_kind="debate", channels=[channel("slack", receiver.url)])
    spend(85, scope_kind="debate", scope_id="<!channel> & co")
    look()
    after()
    assert "&lt;!channel&gt; &amp; co" in sent(receiver)[1]["text"]


def test_email_is_in_the_language_and_zone_of_its_reader() -> None:
    tiers_load()
    User.objects.create_user("kim@example.org", language="ko", zone="America/New_York")
    opened(channel("email", "Kim@example.org"))
    with translation.override("en"):
        assert after() == 1
    [message] = mail.outbox
    assert message.to == ["Kim@example.org"]
    assert "(America/New_York)" in message.body
    assert "2026년 11월 25일 10:00" in message.body
    assert "#alert-" in message.body
    assert "<p>" in str(message.alternatives[0][0])


def test_email_to_somebody_we_do_not_know_is_in_the_servers_language() -> None:
    opened(channel())
    after()
    assert mail.outbox[0].subject == "The whole platform, today: 85% of the budget is used"
    assert "(Asia/Seoul)" in mail.outbox[0].body


def test_what_does_not_arrive_is_tried_again_later_and_later_then_given_up(
    receiver: Receiver,
) -> None:
    receiver.status = 500
    hook = channel("webhook", receiver.url)
    row = opened(hook)
    at = 0
    for number, wait in enumerate(WAITS_S, start=1):
        assert after(at) == 0
        row.refresh_from_db()
        assert (row.state, row.tries) == ("waiting", number)
        assert after(at + wait - 1) == 0  # not yet
        assert len(receiver.got) == number
        at += wait
    after(at)
    row.refresh_from_db()
    assert (row.state, row.tries, row.next_try_at) == ("failed", MAX_TRIES, None)
    assert row.last_error == "It answered with the status 500."
    hook.refresh_from_db()
    assert hook.last_error == row.last_error
    after(at + 10**6)
    assert len(receiver.got) == MAX_TRIES


def test_what_arrives_in_the_end_is_delivered(receiver: Receiver) -> None:
    receiver.status = 503
    hook = channel("webhook", receiver.url)
    row = opened(hook)
    after()
    receiver.status = 204
    assert after(WAITS_S[0]) == 1
    row.refresh_from_db()
    hook.refresh_from_db()
    assert (row.state, row.tries, row.last_error) == ("sent", 2, "")
    assert (hook.last_ok_at, hook.last_error) == (NOW + timedelta(seconds=60), "")


def test_a_worker_that_died_while_it_sent_leaves_it_to_the_next(receiver: Receiver) -> None:
    row = opened(channel("webhook", receiver.url))
    assert deliveries._claimed(row, now=NOW)
    assert after(deliveries.LEASE.seconds - 1) == 0
    assert after(deliveries.LEASE.seconds) == 1


def test_nothing_goes_to_a_channel_that_was_switched_off(receiver: Receiver) -> None:
    hook = channel("webhook", receiver.url)
    row = opened(hook)
    AlertChannel.objects.update(is_on=False)
    after()
    row.refresh_from_db()
    assert (row.state, row.last_error) == ("failed", "The channel was switched off.")
    assert receiver.got == []


def test_mail_server_that_is_away_is_no_end(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    row = opened(channel())
    assert after() == 0
    row.refresh_from_db()
    assert (row.state, row.last_error) == ("waiting", "The mail server could not be reached.")


def test_test_message_is_one_try_and_says_what_came_of_it(receiver: Receiver) -> None:
    hook = channel("webhook", receiver.url)
    assert send_test(hook, now=NOW).state == "sent"
    assert sent(receiver)[1] | {"id": 0, "url": "", "text": ""} == {
        "id": 0, "event": "test", "demo": False, "alert": None, "url": "", "text": "",
        "headline": "A test of the channel “webhook ops”",
    }
    receiver.status = 404
    failed = send_test(hook, now=NOW)
    assert (failed.state, failed.tries) == ("failed", 1)
    assert failed.last_error == "It answered with the status 404."
    assert after(10**6) == 0
