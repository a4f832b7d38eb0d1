"""The monthly report: it adds up, and goes by email once to whoever wants it."""

import smtplib
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends import locmem
from django.db import transaction
from pytest_django import Settings

from accounts.closing import account_close
from accounts.models import AuditEvent, User
from accounts.services import audit
from billing import rollups
from billing.models import ReportSubscription, Window
from billing.reports import slices
from billing.reports.monthly import (
    GROUPS,
    MOST,
    OTHER,
    Monthly,
    last_month,
    month_before,
    month_range,
    monthly,
)
from billing.reports.monthly_mail import (
    is_subscribed,
    reports_send,
    subscribe,
    unsubscribe,
)
from tests.costcontrol.dashboard.rows import call, hit, refusal, staff

pytestmark = pytest.mark.django_db
ZONE = "Asia/Seoul"
OCTOBER = date(2026, 10, 1)
NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
BEFORE = datetime(2026, 9, 25, 3, tzinfo=UTC)
FIRST = datetime(2026, 10, 1, 0, 30, tzinfo=UTC)  # 09:30 in Seoul
DAY = timedelta(days=1)
DOLLAR = 1_000_000_000


def october(day: int, hour: int = 3) -> datetime:
    return datetime(2026, 10, day, hour, tzinfo=UTC)


def report(month: date = OCTOBER, *, now: datetime = NOW) -> Monthly:
    rollups.catch_up(now=now)
    return monthly(month, zone=ZONE, now=now)


def test_groups_add_up_however_many_users_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page may answer for the newest days only; a report of a month is about the month."""
    call(BEFORE)
    for day in range(1, 29):
        for user in (1, 2, 3):
            call(october(day), user_id=user)
    rollups.catch_up(now=NOW)
    monkeypatch.setattr(slices, "MAX_ROWS", 10)
    found = report()
    assert found.cost_nanos == 28 * 3 * DOLLAR // 4
    for name in GROUPS:
        assert sum(line.cost_nanos for line in found.groups[name]) == found.cost_nanos, name


@pytest.fixture
def alice(db: None) -> User:
    return staff()


def test_the_days_of_a_month() -> None:
    found = month_range(date(2028, 2, 9), zone=ZONE)
    assert (found.first, found.last) == (date(2028, 2, 1), date(2028, 2, 29))
    assert month_before(date(2026, 1, 31)) == date(2025, 12, 1)


def test_the_last_month_ends_where_the_reader_lives() -> None:
    evening = datetime(2026, 10, 31, 16, tzinfo=UTC)  # 1 November in Seoul
    assert last_month(zone=ZONE, now=evening) == OCTOBER
    assert last_month(zone="UTC", now=evening) == date(2026, 9, 1)


@pytest.mark.postgresql
def test_every_grouping_adds_up_to_what_was_spent(alice: User) -> None:
    for user in range(1, MOST + 4):
        call(october(user), user_id=user, cost_nanos=user * DOLLAR, call_kind=f"kind-{user}")
    hit(october(20), user_id=1)
    call(datetime(2026, 10, 31, 15, tzinfo=UTC), cost_nanos=777 * DOLLAR)  # November in Seoul
    found = report()
    assert found.cost_nanos == sum(range(1, MOST + 4)) * DOLLAR
    assert found.calls == MOST + 4
    assert set(found.groups) == set(GROUPS)
    for lines in found.groups.values():
        assert sum(line.cost_nanos for line in lines) == found.cost_nanos
        assert sum(line.calls for line in lines) == found.calls
    users = found.groups["user"]
    assert len(users) == MOST + 1
    assert (users[0].key, users[-1].key) == (str(MOST + 3), OTHER)


def test_what_the_provider_did_not_say_is_told_apart(alice: User) -> None:
    for day in range(1, 20):
        call(october(day), cost_nanos=day * DOLLAR, confidence="estimated" if day == 3 else "exact")
    found = report()
    assert found.cost_nanos == sum(range(1, 20)) * DOLLAR
    assert found.estimated_nanos == 3 * DOLLAR


def test_causes_add_up_to_what_was_saved(alice: User) -> None:
    call(october(2), prompt_cache_nanos=50_000_000)
    hit(october(3), cache_layer="pattern")
    found = report()
    assert found.saved is not None
    assert sum(found.causes.values()) == found.saved.nanos == 750_000_000 + DOLLAR


def test_a_debate_costs_its_share(alice: User) -> None:
    call(october(2), debate_id="a", cost_nanos=3 * DOLLAR)
    call(october(2), debate_id="b", cost_nanos=DOLLAR)
    found = report()
    assert (found.debates, found.debate_nanos) == (2, 2 * DOLLAR)


def test_the_month_before_is_compared_only_where_it_was_whole(alice: User) -> None:
    call(october(2), cost_nanos=DOLLAR)
    assert report().before_nanos is None
    call(datetime(2026, 8, 20, tzinfo=UTC), cost_nanos=5 * DOLLAR)
    call(datetime(2026, 9, 20, tzinfo=UTC), cost_nanos=7 * DOLLAR)
    assert report().before_nanos == 7 * DOLLAR


def test_a_running_month_ends_now_and_says_so(alice: User) -> None:
    call(NOW - DAY, cost_nanos=DOLLAR)
    found = report(date(2026, 11, 1))
    assert (found.is_over, found.cost_nanos, found.until) == (False, DOLLAR, NOW)
    assert found.off_forecast_nanos is None


def test_the_forecast_of_the_first_morning_knows_nothing_of_the_month(alice: User) -> None:
    for ago in range(60):
        call(october(31) - ago * DAY, cost_nanos=2 * DOLLAR)
    call(october(9), cost_nanos=100 * DOLLAR)
    found = report()
    assert found.expected is not None
    assert found.expected.middle == pytest.approx(62 * DOLLAR, rel=0.02)
    assert found.off_forecast_nanos == 162 * DOLLAR - found.expected.middle
    assert [each.day for each in found.odd.days] == [date(2026, 10, 9)]


def test_what_began_in_the_month_had_no_forecast(alice: User) -> None:
    call(october(9))
    assert report().expected is None


@pytest.mark.postgresql
def test_limits_and_refusals_of_the_month(alice: User) -> None:
    for day, spent in ((3, 100), (4, 99), (5, 98)):
        Window.objects.create(
            scope_kind="platform", metric="usd", period="day", start=october(day), zone=ZONE,
            end=october(day) + DAY, cap=100, spent=spent, rank=1,
        )
    refusal(october(3))
    found = report()
    assert [(each.period, each.times) for each in found.limits] == [("day", 2)]
    assert found.refusals == {"quota_exceeded": 1}


def test_changes_that_move_figures_are_listed(alice: User) -> None:
    audit("alice@example.com", "price_supersede", "x", reason="new contract")
    audit("alice@example.com", "api_key_issue", "y")
    AuditEvent.objects.update(at=october(9))
    found = report()
    assert [(each.action, each.reason) for each in found.corrections] == [
        ("price_supersede", "new contract")
    ]


def test_it_goes_once_on_the_first_of_the_month(alice: User) -> None:
    subscribe(alice, now=BEFORE)
    call(BEFORE, cost_nanos=12 * DOLLAR)
    assert reports_send(now=BEFORE) == 0  # of August: it was subscribed to after
    assert reports_send(now=datetime(2026, 9, 30, 16, tzinfo=UTC)) == 0  # 01:00 on the first
    assert reports_send(now=FIRST) == 0  # its hours are not added up yet
    rollups.catch_up(now=FIRST)
    assert [reports_send(now=FIRST), reports_send(now=FIRST + DAY)] == [1, 0]
    (sent,) = mail.outbox
    assert sent.to == ["alice@example.com"]
    assert sent.subject == "Report of 2026-09: $12.00 spent"
    assert "/dashboard/report/?month=2026-09" in str(sent.body)
    assert "/dashboard/report/#email" in str(sent.body)


def test_whoever_is_not_staff_any_more_gets_nothing(alice: User) -> None:
    subscribe(alice, now=BEFORE)
    User.objects.update(is_staff=False)
    assert reports_send(now=FIRST) == 0


def test_in_the_zone_and_language_of_who_reads_it(alice: User, settings: Settings) -> None:
    User.objects.update(zone="America/New_York", language="ko")
    alice.refresh_from_db()
    subscribe(alice, now=BEFORE)
    call(datetime(2026, 10, 1, 3, tzinfo=UTC), cost_nanos=DOLLAR)  # September in New York
    assert reports_send(now=FIRST) == 0  # still September there
    rollups.catch_up(now=FIRST + DAY)
    assert reports_send(now=FIRST + DAY) == 1
    assert "$1.00" in mail.outbox[0].subject
    assert '<html lang="ko">' in str(mail.outbox[0].alternatives[0][0])


def test_while_the_mail_server_is_away_nothing_is_written_down(
    alice: User, settings: Settings
) -> None:
    subscribe(alice, now=BEFORE)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    with pytest.raises(OSError, match=r"."):
        reports_send(now=FIRST)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert reports_send(now=FIRST) == 1


class ChoosyServer(locmem.EmailBackend):
    """It takes mail for everybody but Alice."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        if any("alice@example.com" in each.to for each in messages):
            raise smtplib.SMTPRecipientsRefused({"alice@example.com": (550, b"unknown")})
        return super().send_messages(messages)


def test_one_address_that_is_refused_keeps_nobody_elses_report(
    alice: User, settings: Settings
) -> None:
    subscribe(alice, now=BEFORE)
    subscribe(staff("ben@example.com"), now=BEFORE)
    settings.EMAIL_BACKEND = f"{__name__}.{ChoosyServer.__name__}"
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        reports_send(now=FIRST)
    assert [letter.to for letter in mail.outbox] == [["ben@example.com"]]


def test_it_can_be_switched_off_and_both_are_audited(alice: User) -> None:
    subscribe(alice, now=BEFORE)
    subscribe(alice, now=BEFORE)
    assert is_subscribed(alice)
    unsubscribe(alice)
    assert not ReportSubscription.objects.exists()
    assert reports_send(now=FIRST) == 0
    actions = AuditEvent.objects.filter(action__startswith="report_").order_by("pk")
    assert [each.action for each in actions] == ["report_subscribe", "report_unsubscribe"]


def test_an_account_that_is_closed_takes_its_subscription_along(alice: User) -> None:
    subscribe(alice, now=BEFORE)
    with transaction.atomic():
        account_close(alice, at=NOW)
    assert not ReportSubscription.objects.exists()
