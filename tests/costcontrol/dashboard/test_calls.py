"""The list of calls: its filters, its pages, its export, and whatever stands in an address."""

import csv
import io
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import User
from billing.models import UsageRecord
from billing.reports import calls
from costcontrol.dashboard import calls_csv
from routing.models import Deployment
from tests.costcontrol.dashboard.conftest import Page
from tests.costcontrol.dashboard.rows import NOW, person

NOBODYS = "5f0c9f0e-6f0a-4a1e-9c53-0a2b6d1f7e11"  # the id of no call
HERE = "/dashboard/calls/"
CSV = "/dashboard/calls.csv"
SCRIPT = "<script>alert(1)</script>"
pytestmark = pytest.mark.django_db(transaction=True)


def row(**changes: Any) -> UsageRecord:
    usual: dict[str, Any] = {
        "call_id": uuid4(), "attempt": 1, "at": NOW - timedelta(minutes=5), "user_id": 1,
        "tier": "premium", "language": "ko", "call_kind": "opening_statement",
        "provider": "openai",
        "key_prefix": "abcd1234", "debate_id": "stoics-1", "requested_model": "auto",
        "deployment": "openai/gpt-6-luna", "model_class": "economy", "outcome": "complete",
        "confidence": "exact", "fresh_input_tokens": 900, "output_tokens": 210,
        "cost_nanos": 1_000_000, "baseline_nanos": 5_000_000, "latency_ms": 1_200,
    }
    return UsageRecord.objects.create(**usual | changes)


def shown(page: Page, query: dict[str, str] | None = None) -> str:
    response = page.get(HERE, query)
    assert response.status_code == 200
    return response.content.decode()


def ids_in(html: str) -> list[str]:
    return re.findall(r'class="c-time"><a href="/dashboard/calls/([0-9a-f-]{36})/', html)


def query_of(link: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(link).query))


class TestWhoMaySeeIt:
    @pytest.mark.parametrize("path", [HERE, CSV, f"{HERE}{NOBODYS}/", f"{HERE}{NOBODYS}/status/"])
    def test_stranger_goes_to_the_sign_in(self, db: None, client: Client, path: str) -> None:
        response = client.get(path)
        assert (response.status_code, response["Location"].split("?")[0]) == (302, "/login/")

    @pytest.mark.parametrize("path", [HERE, f"{HERE}{NOBODYS}/"])
    def test_customer_is_turned_away(self, client: Client, path: str) -> None:
        client.force_login(person())
        assert client.get(path).status_code == 403


class TestList:
    def test_templates_are_no_cache_hits(self, page: Page) -> None:
        stored = row(outcome="cached", cache_layer="pattern")
        template = row(outcome="cached", cache_layer="template")
        assert ids_in(shown(page, {"outcome": "cached"})) == [str(stored.call_id)]
        assert ids_in(shown(page, {"outcome": "template"})) == [str(template.call_id)]

    def test_line_says_everything_of_a_call(self, page: Page, alice: User) -> None:
        call = row(user_id=alice.pk)
        html = shown(page)
        assert ids_in(html) == [str(call.call_id)]
        for part in ("11-25 11:59:00", "alice@example.com", "premium", "opening_statement", "ko",
                     "openai/gpt-6-luna", "answered", "900", "210", 'value="1000000"',
                     'value="4000000"', 'value="1200"'):
            assert part in html

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"outcome": "cached", "cache_layer": "exact"},
             ["from the cache", "same question again"]),
            ({"outcome": "cached", "cache_layer": "shared"},
             ["from the cache", "same question at the same time"]),
            ({"outcome": "cached", "cache_layer": "pattern"},
             ["from the cache", "stored for everybody"]),
            ({"outcome": "cached", "cache_layer": "precomputed"}, ["made ahead"]),
            ({"outcome": "cached", "cache_layer": "template"}, ["from a template"]),
            ({"outcome": "refused", "error_code": "quota_exceeded", "deployment": ""},
             ["refused", "no model asked", "User&#x27;s quota used up"]),
            ({"outcome": "refused", "error_code": "upstream_unavailable"}, ["failed"]),
            ({"outcome": "incomplete", "error_code": "worker_lost"},
             ["cut off", "Process was lost"]),
            ({"outcome": "cancelled"}, ["client left"]),
            ({"is_economy": True}, ["economy mode"]),
        ],
    )
    def test_how_it_ended_is_said_in_words(
        self, page: Page, changes: dict[str, Any], said: list[str]
    ) -> None:
        row(**changes)
        html = shown(page)
        for words in said:
            assert words in html

    def test_failed_attempts_are_counted_in_the_line_of_their_call(self, page: Page) -> None:
        call = row(attempt=3)
        for attempt in (1, 2):
            row(call_id=call.call_id, attempt=attempt, outcome="failed", at=call.at)
        html = shown(page)
        assert len(ids_in(html)) == 1
        assert "2 failed attempts" in html

    def test_user_whose_account_is_gone_is_a_number(self, page: Page) -> None:
        row(user_id=4711)
        assert "user 4711" in shown(page)

    def test_time_is_the_viewers(self, page: Page) -> None:
        row()
        assert "11-25 02:59:00" in shown(page, {"zone": "UTC"})

    def test_pages_are_linked_and_keep_the_filters(self, page: Page) -> None:
        there = [row(at=NOW - timedelta(seconds=number)) for number in range(60)]
        first = shown(page, {"tier": "premium", "kind": "opening_statement"})
        link = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
        assert "tier=premium" in link
        assert "kind=opening_statement" in link
        second = shown(page, query_of(link))
        assert ids_in(first) + ids_in(second) == [str(call.call_id) for call in there]
        assert 'rel="prev"' in second
        assert 'rel="next"' not in second

    def test_queries_do_not_grow_with_the_page(self, page: Page) -> None:
        people = [person(f"p{number}@example.com") for number in range(40)]
        row(user_id=people[0].pk)
        few = len(page.queries_of(HERE))
        for user in people:
            row(user_id=user.pk)
        assert len(page.queries_of(HERE)) == few <= 12


class TestFilters:
    @pytest.mark.parametrize(
        ("query", "changes"),
        [
            ({"tier": "free"}, {"tier": "free"}),
            ({"language": "en"}, {"language": "en"}),
            ({"kind": "rebuttal"}, {"call_kind": "rebuttal"}),
            ({"outcome": "refused"}, {"outcome": "refused", "error_code": "quota_exceeded"}),
            ({"outcome": "failed"}, {"outcome": "refused", "error_code": "upstream_unavailable"}),
            ({"outcome": "cached"}, {"outcome": "cached", "cache_layer": "exact"}),
            ({"user": "4711"}, {"user_id": 4711}),
            ({"class": "premium"}, {"model_class": "premium"}),
            ({"layer": "exact"}, {"outcome": "cached", "cache_layer": "exact"}),
            ({"status": "cached"}, {"outcome": "cached", "cache_layer": "template"}),
            ({"status": "cancelled"}, {"outcome": "cancelled"}),
            ({"deployment": "none"}, {"outcome": "refused", "deployment": "", "model_class": ""}),
            ({"kind": "none"}, {"call_kind": ""}),
            ({"debate": "stoics 2"}, {"debate_id": "stoics 2"}),
            ({"key": "wxyz9876"}, {"key_prefix": "wxyz9876"}),
            ({"from": "2026-11-01", "to": "2026-11-02"}, {"at": NOW - timedelta(days=23)}),
        ],
    )
    def test_each_narrows_the_list(
        self, page: Page, query: dict[str, str], changes: dict[str, Any]
    ) -> None:
        row()
        meant = row(**changes)
        assert ids_in(shown(page, query)) == [str(meant.call_id)]

    @pytest.mark.parametrize("email", ["bob@example.com", "BOB@Example.com", " bob@example.com "])
    def test_user_is_found_by_email(self, page: Page, email: str) -> None:
        bob = person("bob@example.com")
        row()
        meant = row(user_id=bob.pk)
        assert ids_in(shown(page, {"user": email})) == [str(meant.call_id)]

    def test_model_that_is_too_young_for_the_sums_can_be_chosen(self, page: Page) -> None:
        Deployment.objects.create(
            name="new/one", provider="openai", model="one", model_class="mid", languages=["en"]
        )
        row()
        meant = row(deployment="new/one")
        assert ids_in(shown(page, {"deployment": "new/one"})) == [str(meant.call_id)]

    def test_calls_of_a_provider(self, page: Page) -> None:
        Deployment.objects.create(
            name="anthropic/one", provider="anthropic", model="one", model_class="mid",
            languages=["en"],
        )
        row()
        meant = row(provider="anthropic")
        assert ids_in(shown(page, {"provider": "anthropic"})) == [str(meant.call_id)]

    @pytest.mark.parametrize("query", [{"attempts": "failed"}, {"status": "failed"}])
    def test_only_calls_with_failed_attempts(self, page: Page, query: dict[str, str]) -> None:
        row()
        meant = row(attempt=2)
        row(call_id=meant.call_id, at=meant.at, outcome="failed")
        assert ids_in(shown(page, query)) == [str(meant.call_id)]

    @pytest.mark.parametrize("form", ["{}", "chatcmpl-{}", " call-{} "])
    def test_id_leads_to_its_call(self, page: Page, form: str) -> None:
        call_id = uuid4()
        response = page.get(HERE, {"id": form.format(call_id)})
        assert (response.status_code, response["Location"]) == (302, f"{HERE}{call_id}/")


class TestEmpty:
    def test_no_call_ever_says_how_to_send_one(self, page: Page) -> None:
        html = shown(page)
        assert "No calls yet" in html
        assert "/v1/chat/completions" in html

    def test_no_call_for_these_filters_offers_to_remove_them(self, page: Page) -> None:
        row()
        html = shown(page, {"debate": "nothing", "range": "7d"})
        assert "No calls match" in html
        assert 'href="/dashboard/calls/?range=7d"' in html

    def test_search_that_found_nothing_yet_goes_on_by_itself(
        self, page: Page, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(calls, "STRETCHES", (2, 3))
        old = row(at=NOW - timedelta(days=1), key_prefix="zz")
        for number in range(9):
            row(at=NOW - timedelta(seconds=number))
        html = shown(page, {"key": "zz"})
        seen = 0
        while "Nothing found so far" in html:
            link = html.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
            html = shown(page, query_of(link))
            seen += 1
        assert seen == 1
        assert ids_in(html) == [str(old.call_id)]


HOSTILE = [
    SCRIPT, "' OR 1=1; DROP TABLE billing_usagerecord; --", "\0", "a\0b", "a" * 5_000, "\ud83d",
    "99999999999999999999999", "-1", "%s%s%n", "{{ 7 * 7 }}", "2026-02-30", "../../etc/passwd",
    "9999999999999999-999999999999999999", "‮abc", "NaN",
]


@pytest.mark.parametrize(
    "name",
    ["range", "from", "to", "zone", "tier", "language", "deployment", "kind", "outcome", "user",
     "debate", "key", "attempts", "older", "newer", "id"],
)
def test_whatever_stands_in_an_address_there_is_a_page(page: Page, name: str) -> None:
    row()
    for value in HOSTILE:
        query = {name: value.encode("utf-8", "replace").decode()}
        assert SCRIPT not in shown(page, query), query
        assert text_of(page, page.get(CSV, query)).startswith("call_id,at,"), query


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"outcome": "odd"}, "There is no outcome “odd”"),
        ({"user": "nobody@example.com"}, "There is no user “nobody@example.com”"),
        ({"debate": "x" * 129}, "is no debate&#x27;s id"),
        ({"key": "x" * 17}, "is no key&#x27;s prefix"),
        ({"kind": "x" * 41}, "is no kind of call"),
        ({"older": "yesterday"}, "This place in the list is not known"),
        ({"id": "6f2d"}, "“6f2d” is no call&#x27;s id"),
        ({"from": "2016-01-01", "to": "2026-11-25"}, "only the last ones are shown"),
    ],
)
def test_what_cannot_be_used_is_said_and_the_calls_are_shown(
    page: Page, query: dict[str, str], said: str
) -> None:
    call = row()
    html = shown(page, query)
    assert said in html
    assert ids_in(html) == [str(call.call_id)]


@pytest.mark.parametrize(("length", "is_used"), [(128, True), (129, False)])
def test_longest_debate_id_can_be_looked_for(page: Page, length: int, is_used: bool) -> None:
    row()
    meant = row(debate_id="x" * 128)
    assert (ids_in(shown(page, {"debate": "x" * length})) == [str(meant.call_id)]) is is_used


def test_no_field_of_a_call_is_markup(page: Page) -> None:
    user = person("svc@example.com")
    end = User.objects.create(owner=user, external_id=SCRIPT, tier_id="premium")
    row(user_id=end.pk, tier=SCRIPT, debate_id=SCRIPT, call_kind=SCRIPT, language="<i>",
        deployment=SCRIPT, model_class='"x', error_code=SCRIPT[:40], key_prefix="<b>")
    html = shown(page)
    assert SCRIPT not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


@pytest.mark.postgresql  # what is streamed is read through cursors of the server
class TestExport:
    def read(self, page: Page, query: dict[str, str] | None = None) -> list[dict[str, str]]:
        response = page.get(CSV, query)
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        return list(csv.DictReader(io.StringIO(text_of(page, response))))

    def test_row_has_the_exact_values(self, page: Page, alice: User) -> None:
        call = row(user_id=alice.pk)
        row(call_id=call.call_id, outcome="failed", cost_nanos=1, attempt=2)
        (line,) = self.read(page)
        assert line["call_id"] == str(call.call_id)
        assert line["at"] == "2026-11-25T11:59:00+09:00"
        assert (line["user"], line["cost_nanos"], line["cost_usd"]) == (
            "alice@example.com", "1000001", "0.001000001"
        )
        assert (line["saved_nanos"], line["failed_attempts"]) == ("3999999", "1")

    def test_same_calls_as_the_list(self, page: Page) -> None:
        row(tier="free")
        there = [row(at=NOW - timedelta(seconds=number)) for number in range(70)]
        lines = self.read(page, {"tier": "premium"})
        assert [line["call_id"] for line in lines] == [str(call.call_id) for call in there]

    @pytest.mark.parametrize(("limit", "is_cut"), [(4, True), (5, False)])
    def test_what_is_cut_says_so(
        self, page: Page, limit: int, is_cut: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(calls_csv, "MAX_CALLS", limit)
        for _ in range(5):
            row()
        lines = self.read(page)
        assert len(lines) == 5
        assert lines[-1]["call_id"].startswith("Cut after 4 calls") is is_cut

    @pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1"])
    def test_no_text_is_a_formula(self, page: Page, formula: str) -> None:
        row(debate_id=formula)
        assert self.read(page)[0]["debate_id"] == f"'{formula}"

    def test_demo_says_so_in_each_row_and_in_the_name(self, page: Page, settings: Any) -> None:
        settings.DEMO = True
        row()
        response = page.get(CSV)
        assert "demo-calls-" in response["Content-Disposition"]
        assert [line["data"] for line in self.read(page)] == ["demo"]

    def test_nothing_is_a_header_alone(self, page: Page) -> None:
        assert self.read(page, {"debate": "nothing"}) == []


def text_of(page: Page, response: Any) -> str:
    """A streamed answer, read as a server reads it."""
    if not response.streaming:
        return str(response.content.decode())

    async def read() -> bytes:
        return b"".join([part async for part in response.streaming_content])

    return page._loop.run_until_complete(read()).decode()
