"""Vendors are asked over HTTP, with patience and bounds; what goes wrong says what to do."""

import logging
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from billing.usage_imports.asking import NotFetched, Patience
from billing.usage_imports.fetched import Told, ask
from billing.usage_imports.vendors import VENDORS
from tests.billing.usage_imports.reports import claude, completions, dollars, fill
from tests.services import usage_reports as api
from tests.services.usage_reports import Reports, Trouble

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
DAY = date(2026, 11, 20)
NEXT = date(2026, 11, 21)
BOTH = ("anthropic", "openai")


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def fetch(pauses: list[float]) -> Any:
    """Without waiting: what would have been waited for is kept."""
    patience = Patience(pause=pauses.append)

    def fetch(provider: str, first: date = DAY, last: date = DAY) -> tuple[Told, ...]:
        return ask(
            VENDORS[provider], first, last, now=NOW, patience=patience, on_page=lambda: None
        )

    return fetch


def counts(told: Told) -> dict[str, tuple[int | None, ...]]:
    return {model: tuple(sums.counts.values()) for (_, model), sums in told.reading.sums.items()}


def test_anthropic_tells_four_buckets_and_cents(reports: Reports, fetch: Any) -> None:
    fill(reports)
    usage, cost = fetch("anthropic")
    assert counts(usage) == {
        "claude-haiku-5-5-20260901": (None, 110, 30, 7, 55),
        "claude-sonnet-5-5": (None, 110, 30, 5, 55),
    }
    assert {model: sums.nanos for (_, model), sums in cost.reading.sums.items()} == {
        "claude-haiku-5-5-20260901": 250_000_000, "": 10_000_000, "claude-sonnet-5-5": 0,
    }
    assert (usage.kind, usage.path) == ("usage", "organizations/usage_report/messages")


def test_openai_tells_input_with_what_the_cache_gave(reports: Reports, fetch: Any) -> None:
    fill(reports)
    usage, _cost = fetch("openai")
    assert counts(usage) == {
        "gpt-6-luna-2026-08-07": (12, 600, 400, None, 200),
        "text-embedding-6": (3, 70, None, None, None),
    }


def test_what_went_into_openais_cache_is_not_counted_twice(reports: Reports, fetch: Any) -> None:
    reports.put(api.OPENAI_USAGE, "2026-11-20", completions(input_cache_write_tokens=50))
    reports.put(api.OPENAI_USAGE, "2026-11-20", completions(
        "gpt-6-sol", input_cache_write_tokens=50, input_uncached_tokens=550
    ))
    found = counts(fetch("openai")[0])
    assert found["gpt-6-luna-2026-08-07"] == found["gpt-6-sol"] == (12, 550, 400, 50, 200)


def test_dollars_never_become_floats(reports: Reports, fetch: Any) -> None:
    fill(reports)
    reports.put(api.OPENAI_COST, "2026-11-20", dollars("0.10", "as text"))
    sums = {model: sums.usd for (_, model), sums in fetch("openai")[1].reading.sums.items()}
    assert sums["gpt-6-luna-2026-08-07, input"] == Decimal("0.8958740000000001")
    assert sums["gpt-6-luna-2026-08-07, output"] == Decimal("0.00001")
    assert sums["as text"] == Decimal("0.10")


@pytest.mark.parametrize("provider", BOTH)
def test_all_pages_are_read(reports: Reports, fetch: Any, provider: str) -> None:
    reports.page_days = 2
    for number in range(1, 6):
        fill(reports, f"2026-11-0{number}")
    usage, cost = fetch(provider, date(2026, 11, 1), date(2026, 11, 5))
    assert {day.day for day, _ in usage.reading.sums} == {1, 2, 3, 4, 5}
    assert {day.day for day, _ in cost.reading.sums} == {1, 2, 3, 4, 5}
    paths = [path for path, _query in reports.asked]
    assert {paths.count(path) for path in paths} == {3}


def test_questions_are_those_that_vendors_describe(reports: Reports, fetch: Any) -> None:
    for provider in BOTH:
        fetch(provider, DAY, NEXT)
    asked = dict(reports.asked)
    assert asked[api.ANTHROPIC_COST] == {
        "starting_at": ["2026-11-20T00:00:00Z"], "ending_at": ["2026-11-22T00:00:00Z"],
        "bucket_width": ["1d"], "group_by[]": ["description"], "limit": ["31"],
    }
    assert asked[api.ANTHROPIC_USAGE]["group_by[]"] == ["model"]
    assert asked[api.OPENAI_COST] == {
        "start_time": ["1795132800"], "end_time": ["1795305600"], "bucket_width": ["1d"],
        "group_by[]": ["line_item"], "limit": ["31"],
    }


def test_a_day_that_is_not_told_yet_is_left_alone(reports: Reports, fetch: Any) -> None:
    fill(reports)
    reports.missing = {"2026-11-21"}
    assert {told.reading.last for told in fetch("anthropic", DAY, NEXT)} == {DAY}
    reports.missing = {"2026-11-20", "2026-11-21"}
    with pytest.raises(NotFetched, match="nothing to tell about these days"):
        fetch("anthropic", DAY, NEXT)


@pytest.mark.parametrize(("provider", "setting"), [
    ("anthropic", "ANTHROPIC_ADMIN_KEY"), ("openai", "OPENAI_ADMIN_KEY")
])
@pytest.mark.parametrize(("key", "sentence"), [
    (api.ORDINARY, "a key that makes calls does not do"), (api.UNALLOWED, "may not read usage"),
    ("wrong\nkey", "cannot be used"), ("geheim-ö", "cannot be used"),
])
def test_a_key_of_the_wrong_kind_is_not_tried_again_and_never_shown(
    reports: Reports, fetch: Any, settings: Any, caplog: pytest.LogCaptureFixture,
    provider: str, setting: str, key: str, sentence: str,
) -> None:
    setattr(settings, setting, key)
    with caplog.at_level(logging.DEBUG), pytest.raises(NotFetched, match=sentence) as failed:
        fetch(provider)
    assert setting in failed.value.sentence
    assert len(reports.asked) <= 1
    for part in (key, key[-4:]):
        assert part not in failed.value.sentence + caplog.text


@pytest.mark.parametrize("provider", BOTH)
def test_what_passes_is_waited_for(
    reports: Reports, fetch: Any, pauses: list[float], provider: str
) -> None:
    fill(reports)
    reports.troubles = [
        Trouble(500), Trouble(429, headers={"Retry-After": "7"}), Trouble(body=None),
    ]
    assert len(fetch(provider)) == 2
    assert pauses == [2, 7, 8]


@pytest.mark.parametrize("provider", BOTH)
@pytest.mark.parametrize(("trouble", "tries", "sentence"), [
    (Trouble(529), 4, r"failed \(status 529\), asked 4 times"),
    (Trouble(429, headers={"retry-after": "900"}), 1, "Fetch again in 900 seconds"),
    (Trouble(429, headers={"retry-after": "Wed, 25 Nov 2099 03:00:00 GMT"}), 1, "asked too often"),
    (Trouble(429, headers={"retry-after": "soon"}), 4, "Fetch again in 16 seconds"),
    (Trouble(body=None), 4, "could not be reached or hung up"),
    (Trouble(400), 1, "does not answer for these days"),
    (Trouble(400, b"not to be read", {"Content-Encoding": "gzip"}), 1, "for these days"),
    (Trouble(404), 1, "no usage to tell at this address"),
    (Trouble(302, headers={"Location": "http://127.0.0.1:9/"}), 1, "no usage to tell"),
])
def test_what_does_not_pass_says_what_to_do(
    reports: Reports, fetch: Any, provider: str, trouble: Trouble, tries: int, sentence: str
) -> None:
    reports.troubles = [trouble] * 9
    with pytest.raises(NotFetched, match=sentence):
        fetch(provider)
    assert len(reports.asked) == tries


@pytest.mark.parametrize("provider", BOTH)
def test_nobody_is_waited_for_without_end(
    reports: Reports, fetch: Any, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    monkeypatch.setattr("billing.usage_imports.lines.TIMEOUT_S", 0.05)
    reports.troubles = [Trouble(wait_s=0.2)] * 4
    with pytest.raises(NotFetched, match="did not answer in time, asked 4 times"):
        fetch(provider)


def test_an_address_that_is_none_is_said(fetch: Any, settings: Any) -> None:
    settings.ANTHROPIC_ADMIN_KEY = settings.OPENAI_ADMIN_KEY = api.ADMIN
    settings.ANTHROPIC_BASE_URL = settings.OPENAI_BASE_URL = "nothing"
    for provider in BOTH:
        with pytest.raises(NotFetched, match="The address or the key for"):
            fetch(provider)


@pytest.mark.parametrize("provider", BOTH)
@pytest.mark.parametrize("body", [
    b"", b"<html>", b"[]", b'{"data": []}', b'{"data": [], "has_more": true, "next_page": null}',
    b'{"data": [{"results": []}], "has_more": false}',
    b'{"data": [{"starting_at": "2026-11-20T01:00:00Z", "ending_at": "2026-11-21T01:00:00Z", '
    b'"results": []}], "has_more": false}',
    b'{"data": [{"start_time": 1795132800, "end_time": 1795136400, "results": []}], '
    b'"has_more": false}',
    b'{"data": [{"start_time": 1e99, "end_time": NaN, "results": []}], "has_more": false}',
    b'{"data": [{"start_time": 1e99999999, "end_time": 1, "results": []}], "has_more": false}',
    b'{"data": [{"start_time": %d, "end_time": 1, "results": []}], "has_more": false}' % 10**17,
    *(
        b'{"data": [{"starting_at": "2026-11-20T00:00:00Z", "ending_at": "2026-11-21T00:00:00Z", '
        b'"results": [{"amount": "%s"}]}], "has_more": false}' % text
        for text in (rb"\ud800", rb"1\u0000")
    ),
    b"[" * 100_000,
])
def test_an_answer_of_another_form_is_not_read(
    reports: Reports, fetch: Any, provider: str, body: bytes
) -> None:
    reports.troubles = [Trouble(200, body)]
    with pytest.raises(NotFetched, match="another form than the vendor describes"):
        fetch(provider)


@pytest.mark.parametrize(("path", "result", "sentence"), [
    (api.ANTHROPIC_USAGE, claude("") | {"model": None}, "it names no model"),
    (api.ANTHROPIC_USAGE, claude() | {"output_tokens": -5}, "no whole number"),
    (api.ANTHROPIC_USAGE, claude("x" * 200), "no model's name"),
    (api.ANTHROPIC_COST, {"amount": "1e999999", "model": "x"}, "no amount in dollars"),
    (api.ANTHROPIC_COST, {"amount": "1", "model": "x", "currency": "EUR"}, "Only US dollars"),
])
def test_a_result_that_is_not_understood_says_why(
    reports: Reports, fetch: Any, path: str, result: dict[str, Any], sentence: str
) -> None:
    reports.put(path, "2026-11-20", result)
    with pytest.raises(NotFetched, match=sentence):
        fetch("anthropic")


def test_days_that_nobody_asked_for_are_not_read(reports: Reports, fetch: Any) -> None:
    bucket = (b'{"starting_at": "2026-11-%s", "ending_at": "2026-11-%s", "results": []}')
    days = [(b"20T00:00:00Z", b"21T00:00:00Z"), (b"21T00:00:00Z", b"22T00:00:00Z")]
    for wrong in ([days[1]], [days[0], days[0]]):
        body = b'{"data": [%s], "has_more": false}' % b",".join(bucket % day for day in wrong)
        reports.troubles = [Trouble(200, body)]
        with pytest.raises(NotFetched, match="not asked for, or about one twice"):
            fetch("anthropic")


def test_pages_have_an_end(
    reports: Reports, fetch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports.cursor = "page_0"
    with pytest.raises(NotFetched, match="the same next page twice"):
        fetch("anthropic")
    monkeypatch.setattr("billing.usage_imports.asking.MOST_PAGES", 2)
    reports.cursor, reports.page_days = "", 1
    with pytest.raises(NotFetched, match="more than 2 pages"):
        fetch("anthropic", date(2026, 11, 1), date(2026, 11, 3))


def test_an_answer_that_is_too_long_is_not_kept_in_memory(
    reports: Reports, fetch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billing.usage_imports.asking.MOST_BYTES", 1000)
    for provider in BOTH:
        reports.troubles = [Trouble(200, b" " * 2000)]
        with pytest.raises(NotFetched, match="larger than 20 MB"):
            fetch(provider)
