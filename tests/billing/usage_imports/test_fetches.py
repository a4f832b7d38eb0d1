"""What providers are asked is kept whole or not at all, by one worker, and only where it is new."""

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.models import AuditEvent
from billing import tasks
from billing.models import UsageFetch, UsageImport, UsageImportLine
from billing.usage_imports import fetches
from billing.usage_imports.asking import Patience
from billing.usage_imports.importing import usage_import
from costcontrol.lib import clock
from costcontrol.lib.errors import BadRequest, Conflict
from costcontrol.lib.sentences import Sentence
from tests.billing.usage_imports import files
from tests.billing.usage_imports.reports import cents, claude, fill
from tests.services import usage_reports as api
from tests.services.usage_reports import Reports, Trouble

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
DAY = date(2026, 11, 20)
AT_ONCE = Patience(pause=lambda seconds: None)
State = UsageFetch.State


def asked(first: date = DAY, last: date = DAY, provider: str = "anthropic") -> UsageFetch:
    return fetches.fetch_ask(provider, first, last, actor="alice@example.org", now=NOW)


def fetched(first: date = DAY, last: date = DAY, provider: str = "anthropic") -> UsageFetch:
    fetch = asked(first, last, provider)
    with clock.at(NOW):
        assert fetches.work(patience=AT_ONCE) == 1
    fetch.refresh_from_db()
    return fetch


def kept() -> list[tuple[str, date, date]]:
    rows = UsageImport.objects.order_by("pk").filter(source="api")
    return [(row.file_name.rpartition("/")[2], row.first_day, row.last_day) for row in rows]


def test_a_fetch_keeps_usage_and_cost_and_is_audited(reports: Reports) -> None:
    fill(reports)
    fetch = fetched()
    assert (fetch.state, fetch.days_changed, fetch.pages) == (State.DONE, 1, 2)
    assert kept() == [("messages", DAY, DAY), ("cost_report", DAY, DAY)]
    line = UsageImportLine.objects.get(model="claude-haiku-5-5-20260901", cost_nanos=None)
    assert (line.fresh_input_tokens, line.cache_write_tokens) == (110, 7)
    cost = UsageImportLine.objects.get(model="claude-haiku-5-5-20260901", output_tokens=None)
    assert cost.cost_nanos == 250_000_000
    events = AuditEvent.objects.order_by("pk").values_list("action", "actor")
    assert list(events) == [(each, "alice@example.org") for each in (
        "usage_fetch", "usage_import", "usage_import"
    )]
    assert AuditEvent.objects.filter(after__source="api").count() == 2


def test_nothing_is_kept_when_one_report_fails(reports: Reports) -> None:
    fill(reports)
    reports.put(api.ANTHROPIC_COST, "2026-11-20", cents("much"))
    fetch = fetched()
    assert (fetch.state, fetch.days_changed) == (State.FAILED, 0)
    sentence = fetches.sentence_of(fetch.failure)
    assert isinstance(sentence, Sentence)
    assert "no amount in dollars" in sentence
    assert kept() == []


def test_the_same_figures_are_not_kept_twice(reports: Reports) -> None:
    fill(reports)
    fetched()
    assert fetched().days_changed == 0
    assert len(kept()) == 2


def test_only_days_with_other_figures_are_kept(reports: Reports) -> None:
    for day in range(19, 23):
        fill(reports, f"2026-11-{day}")
    fetched(date(2026, 11, 19), date(2026, 11, 22))
    reports.put(api.ANTHROPIC_USAGE, "2026-11-21", claude(output=1))
    assert fetched(date(2026, 11, 19), date(2026, 11, 22)).days_changed == 1
    assert kept()[2:] == [("messages", date(2026, 11, 21), date(2026, 11, 21))]


def test_a_fetch_replaces_what_a_file_said_of_the_same_days_and_back(reports: Reports) -> None:
    fill(reports)
    fetched()
    usage_import("anthropic", files.ANTHROPIC.encode(), file_name="x", actor="a", now=NOW)
    assert fetched().days_changed == 1  # of the file's usage; it says nothing of cost
    assert [name for name, _first, _last in kept()] == ["messages", "cost_report", "messages"]


def test_days_on_which_nothing_was_used_are_known_afterwards(reports: Reports) -> None:
    assert fetched(DAY, date(2026, 11, 21)).days_changed == 2
    assert [line.says_nothing for line in UsageImportLine.objects.all()] == [True, True]
    assert fetched(DAY, date(2026, 11, 21)).days_changed == 0


def test_what_was_used_and_is_taken_back_is_kept_too(reports: Reports) -> None:
    fill(reports)
    fetched()
    reports.results.clear()
    assert fetched().days_changed == 1


@pytest.mark.parametrize(("first", "last", "sentence"), [
    (date(2026, 11, 21), DAY, "the other way round"), (DAY, date(2026, 11, 25), "are over in UTC"),
    (date(2026, 10, 20), DAY, "at most 31 days"),
    (date(2025, 11, 1), date(2025, 11, 2), "of the last year"),
])
def test_days_that_cannot_be_asked_about(
    reports: Reports, first: date, last: date, sentence: str
) -> None:
    with pytest.raises(BadRequest, match=sentence):
        asked(first, last)
    assert not UsageFetch.objects.exists()


def test_a_provider_without_a_key_is_not_asked(reports: Reports, settings: Any) -> None:
    settings.ANTHROPIC_ADMIN_KEY = ""
    for provider in ("anthropic", "ollama"):
        with pytest.raises(BadRequest, match="an admin key is set for"):
            asked(provider=provider)


def test_a_key_that_is_gone_meanwhile_is_said(reports: Reports, settings: Any) -> None:
    asked()
    settings.ANTHROPIC_ADMIN_KEY = ""
    fetches.work(patience=AT_ONCE)
    failure = UsageFetch.objects.get().failure
    assert "Set ANTHROPIC_ADMIN_KEY" in fetches.sentence_of(failure)


def test_a_provider_is_asked_once_at_a_time(reports: Reports) -> None:
    asked()
    with pytest.raises(Conflict, match="Anthropic is being asked already"):
        asked()
    assert asked(provider="openai").state == State.WAITING
    assert AuditEvent.objects.filter(action="usage_fetch").count() == 2


def test_whose_worker_died_is_taken_over(reports: Reports) -> None:
    fill(reports)
    fetch = asked()
    UsageFetch.objects.update(state=State.RUNNING, lease_until=NOW, pages=1)
    with clock.at(NOW):
        assert fetches.work(patience=AT_ONCE) == 0
    with clock.at(NOW + timedelta(seconds=1)):
        assert fetches.work(patience=AT_ONCE) == 1
    fetch.refresh_from_db()
    assert (fetch.state, fetch.pages) == (State.DONE, 2)


def test_who_is_taken_over_keeps_nothing(reports: Reports) -> None:
    fill(reports)
    asked()
    lost = Patience(pause=lambda seconds: _take_over())
    reports.troubles = [Trouble(500)]
    with clock.at(NOW):
        assert fetches.work(patience=lost) == 0
    assert kept() == []
    assert UsageFetch.objects.get().state == State.RUNNING


def _take_over() -> None:
    UsageFetch.objects.update(lease_until=NOW + timedelta(minutes=9))


def test_who_waits_for_a_vendor_is_not_taken_over(reports: Reports) -> None:
    fill(reports)
    fetch = asked()
    leases: list[datetime] = []

    def wait(seconds: float) -> None:
        fetch.refresh_from_db()
        assert fetch.lease_until
        leases.append(fetch.lease_until)

    reports.troubles = [Trouble(500), Trouble(500)]
    fetches.work(patience=Patience(pause=wait))
    assert leases == sorted(set(leases))
    fetch.refresh_from_db()
    assert fetch.state == State.DONE


def test_an_error_of_ours_ends_the_fetch(
    reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billing.usage_imports.fetched.import_put", None)
    fill(reports)
    fetch = fetched()
    assert fetch.state == State.FAILED
    assert "an error of ours" in fetches.sentence_of(fetch.failure)


def test_every_night_the_last_days_are_asked_about(reports: Reports, settings: Any) -> None:
    settings.OPENAI_ADMIN_KEY = ""
    with clock.at(NOW):
        assert tasks.ask_providers() == 1
        assert tasks.ask_providers() == 0  # that one still waits
    fetch = UsageFetch.objects.get()
    days = (fetch.first_day.day, fetch.last_day.day)
    assert (fetch.provider, fetch.made_by, days) == ("anthropic", "nightly", (22, 24))
    settings.ANTHROPIC_ADMIN_KEY = ""
    UsageFetch.objects.all().delete()
    assert tasks.ask_providers() == 0


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_do_the_same_fetch(reports: Reports) -> None:
    fill(reports)
    asked()
    ended: list[int] = []

    def work() -> None:
        ended.append(fetches.work(patience=AT_ONCE))
        connection.close()

    threads = [threading.Thread(target=work) for _number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(ended) == 1
    assert len(kept()) == 2
