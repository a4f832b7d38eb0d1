"""The page of one call: why, when, for how much; and its text, which is looked at under audit."""

import json
import shlex
from datetime import timedelta
from decimal import Decimal
from html import unescape
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.test import Client

from accounts.models import AuditEvent, User
from billing.models import LedgerEntry, Reservation, UsageRecord, Window
from routing.models import CallText
from tests.costcontrol.dashboard.conftest import Page
from tests.costcontrol.dashboard.rows import NOW, person, staff
from tests.costcontrol.dashboard.test_calls import SCRIPT, row

CALL = UUID("6f2d3c1a-0000-4000-8000-000000000001")
HOLD = UUID(int=1)
HERE = f"/dashboard/calls/{CALL}/"
TEXT = f"{HERE}text/"
REASON = "complex (opening_statement is complex) on premium (hybrid): premium > mid"
pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.postgresql]


def shown(page: Page, path: str = HERE) -> str:
    response = page.get(path)
    assert response.status_code == 200
    return response.content.decode()


def answered(**changes: Any) -> UsageRecord:
    usual = {
        "call_id": CALL, "reservation_id": HOLD, "reason": REASON, "complexity": "complex",
        "price_fresh_input": Decimal("3"), "price_cache_read": Decimal("0.3"),
        "price_cache_write": Decimal("3.75"), "price_output": Decimal("15"),
        "cost_nanos": 5_850_000, "held_nanos": 9_000_000, "limits_ms": 1, "cache_ms": 2,
        "policy_ms": 3, "begun_ms": 7, "waited_ms": 5, "latency_ms": 1_000,
        "baseline": "anthropic/claude-opus-5-5", "baseline_nanos": 9_750_000,
    }
    return row(**usual | changes)


def hold(pk: UUID = HOLD, state: int = Reservation.State.SETTLED, **changes: Any) -> None:
    usual: dict[str, Any] = {
        "id": pk, "call_id": CALL, "holds": [], "amount": 9_000_000, "charged": 5_850_000,
        "state": state, "lease_until_ms": 0, "provider": "openai", "model": "gpt-6-luna",
        "created_ms": 1_000,
    }
    Reservation.objects.create(**usual | changes)


def booked(scope_kind: str, scope_id: str, *, metric: str = "usd", delta: int = 5_850_000,
           pk: UUID = HOLD) -> None:
    window = Window.objects.create(
        scope_kind=scope_kind, scope_id=scope_id, metric=metric, period="day", zone="Asia/Seoul",
        cap=10**12, rank=10, start=NOW - timedelta(hours=12),
    )
    LedgerEntry.objects.create(
        window=window, reservation_id=pk, kind="settle", delta=delta, at_ms=2_040
    )


class TestPage:
    def test_tells_why_when_and_for_how_much(self, page: Page, alice: User) -> None:
        answered(user_id=alice.pk)
        hold()
        booked("platform", "")
        booked("user", str(alice.pk), metric="requests", delta=1)
        html = shown(page)
        for part in (
            "A call of the kind “opening_statement” counts as complex.",
            "openai/gpt-6-luna (economy) was the first model that could take it.",
            "Limits", "Cache", "Choice of the model", "Money set aside", "Settlement",
            "$0.002700000", "$0.003150000", "$0.005850000", "Rounded up, once a call",
            'value="3900000"', "anthropic/claude-opus-5-5", "the whole platform", "1 call",
            f"user {alice.pk}", "settled", f"manage.py explain {CALL}",
        ):
            assert part in html

    def test_explain_says_the_same(self, page: Page, capsys: pytest.CaptureFixture[str]) -> None:
        answered(attempt=2, reason=f"{REASON}; left a/b: it is busy")
        row(call_id=CALL, outcome="failed", complexity="complex", cost_nanos=0)
        page.run(lambda: call_command("explain", str(CALL)))
        said = capsys.readouterr().out
        html = shown(page)
        for sentence in (
            "A call of the kind “opening_statement” counts as complex.",
            "a/b came first, but did not answer: it is busy.",
        ):
            assert sentence in said
            assert sentence in html
        assert "limits 1 ms, cache 2 ms, policy 3 ms" in said
        assert "fresh_input 2700000 + output 3150000 = 5850000 nanos" in said

    def test_attempts_stand_in_their_order_with_their_errors(self, page: Page) -> None:
        answered(attempt=2)
        row(call_id=CALL, outcome="failed", error_code="upstream_timeout", deployment="a/b",
            cost_nanos=0, fresh_input_tokens=None, output_tokens=None)
        html = shown(page)
        assert html.index("Attempt 1: a/b") < html.index("Attempt 2: openai/gpt-6-luna")
        assert "Provider too slow" in html
        assert "Nothing was charged." in html

    def test_steps_that_were_not_measured_say_so(self, page: Page) -> None:
        answered(limits_ms=None, cache_ms=None, policy_ms=None, begun_ms=None)
        assert shown(page).count("not recorded") == 4  # and the settlement, without a booking

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"outcome": "cached", "cache_layer": "exact", "attempt": 0},
             "the stored answer was given again"),
            ({"outcome": "cached", "cache_layer": "pattern", "attempt": 0},
             "this user had not seen it: the stored answer was given"),
            ({"outcome": "cached", "cache_layer": "precomputed", "attempt": 0},
             "had been written ahead of time"),
            ({"outcome": "cached", "cache_layer": "template", "attempt": 0},
             "It counts as no hit of a cache."),
            ({"outcome": "refused", "error_code": "quota_exceeded", "attempt": 0,
              "reason": "The 5 debates of today are used up."},
             "refused before any model was asked: The 5 debates of today are used up."),
            ({"outcome": "incomplete", "error_code": "worker_lost", "price_output": None,
              "confidence": "estimated"}, "The process that made this call was lost."),
            ({"outcome": "cancelled"}, "The client hung up"),
            ({"confidence": "estimated"}, "token counts are estimated"),
            ({"cost_nanos": 5_000_000, "confidence": "estimated"},
             "An estimate is never more than was set aside"),
        ],
    )
    def test_every_kind_of_end_is_told(
        self, page: Page, changes: dict[str, Any], said: str
    ) -> None:
        answered(**changes)
        assert said in shown(page)

    def test_cached_answer_links_to_the_call_it_came_from(self, page: Page) -> None:
        source = uuid4()
        answered(outcome="cached", cache_layer="shared", attempt=0,
                 reason=f"the same question: answered by call {source}")
        assert f'href="/dashboard/calls/{source}/"' in shown(page)

    def test_debate_that_was_opened_is_shown_as_quota(self, page: Page) -> None:
        answered()
        hold()
        hold(UUID(int=2), provider="", model="", amount=0, charged=0)
        booked("user", "1", metric="debates", delta=1, pk=UUID(int=2))
        html = shown(page)
        assert "Taken from the quota" in html
        assert "1 debate" in html
        assert "still under way" not in html

    def test_nothing_a_client_wrote_is_markup(self, page: Page) -> None:
        end = User.objects.create(owner=person(), external_id=SCRIPT, tier_id="premium")
        answered(
            user_id=end.pk, tier=SCRIPT, debate_id=SCRIPT, call_kind=SCRIPT, language="<i>",
            deployment=SCRIPT, model_class='"x', requested_model=SCRIPT, reason=SCRIPT,
            error_code=SCRIPT, baseline=SCRIPT, complexity="<b>",
        )
        html = shown(page)
        assert SCRIPT not in html
        assert "<i>" not in html
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html

    def test_queries_do_not_grow_with_attempts(self, page: Page) -> None:
        answered()
        hold()
        few = len(page.queries_of(HERE))
        for attempt in range(2, 9):
            answered(attempt=attempt, reservation_id=UUID(int=attempt), outcome="failed")
            hold(UUID(int=attempt))
        assert len(page.queries_of(HERE)) == few <= 10


class TestNotThere:
    def test_call_under_way_says_so_and_looks_again(self, page: Page) -> None:
        hold(state=Reservation.State.SENT)
        html = shown(page)
        assert "still under way" in html
        assert f'hx-get="{HERE}status/"' in html

    def test_call_whose_next_attempt_runs_says_so(self, page: Page) -> None:
        answered(outcome="failed", error_code="upstream_timeout")
        hold(UUID(int=9), state=Reservation.State.SENT)
        assert "another attempt is running" in shown(page)

    @pytest.mark.parametrize("is_written", [False, True])
    def test_page_is_renewed_when_the_call_is_written(self, page: Page, is_written: bool) -> None:
        if is_written:
            answered()
        response = page.get(f"{HERE}status/")
        assert response.status_code == 204
        assert ("HX-Refresh" in response) is is_written

    def test_unknown_id_is_not_found_in_a_sentence(self, page: Page) -> None:
        response = page.get(HERE)
        assert response.status_code == 404
        assert "There is no call with this id" in response.content.decode()

    @pytest.mark.parametrize("path", ["x", "1", "6f2d3c1a-0000", "%00", "' OR 1=1"])
    def test_what_is_no_id_is_not_found(self, page: Page, path: str) -> None:
        assert page.get(f"/dashboard/calls/{path}/").status_code == 404


class TestText:
    @pytest.fixture(autouse=True)
    def kept(self, committed: None, settings: Any) -> None:
        settings.KEEP_TEXT_DAYS = 7
        answered()
        CallText.objects.create(
            call_id=CALL, user_id=1, at=NOW, expires_at=NOW + timedelta(days=7),
            messages=[{"role": "user", "content": f"What is virtue? {SCRIPT}"}],
            answer="Knowledge <b>alone</b>.",
        )

    @pytest.fixture
    def reader(self, alice: User) -> User:
        alice.user_permissions.add(Permission.objects.get(codename="view_calltext"))
        return alice

    def test_is_hidden_at_first(self, page: Page, reader: User) -> None:
        html = shown(page)
        assert "Knowledge" not in html
        assert "What is virtue" not in html
        assert "Show the text (this is written to the audit log)" in html
        assert not AuditEvent.objects.exists()

    @pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
    def test_is_shown_on_demand_and_each_look_is_audited(
        self, page: Page, reader: User, headers: dict[str, str]
    ) -> None:
        for _ in range(2):
            response = page.post(TEXT, headers=headers)
            assert "no-store" in response["Cache-Control"]
        html = response.content.decode()
        assert "Knowledge &lt;b&gt;alone&lt;/b&gt;." in html
        assert "What is virtue?" in html
        assert SCRIPT not in html
        assert ("<html" in html) is not headers
        events = AuditEvent.objects.values_list("actor", "action", "target")
        assert list(events) == [("alice@example.com", "call_text_view", str(CALL))] * 2

    def test_staff_without_the_permission_see_only_that_it_is_there(self, page: Page) -> None:
        html = shown(page)
        assert "You may not read it" in html
        assert "Show the text" not in html
        response = page.post(TEXT)
        assert response.status_code == 403
        assert "Knowledge" not in response.content.decode()
        assert not AuditEvent.objects.exists()

    def test_superuser_may_read_and_is_audited(self, client: Client) -> None:
        root = staff("root@example.com")
        root.is_superuser = True
        root.save()
        client.force_login(root)
        assert "Knowledge" in client.post(TEXT).content.decode()
        assert AuditEvent.objects.get().actor == "root@example.com"

    @pytest.mark.parametrize("kind", ["stranger", "customer", "other staff"])
    def test_nobody_else_gets_it(self, client: Client, reader: User, kind: str) -> None:
        if kind == "customer":
            client.force_login(person("eve@example.com"))
        if kind == "other staff":
            client.force_login(staff("charlie@example.com"))
        response = client.post(TEXT)
        assert response.status_code == (302 if kind == "stranger" else 403)
        assert "Knowledge" not in response.content.decode()
        assert not AuditEvent.objects.exists()

    def test_permission_without_being_staff_is_not_enough(self, client: Client) -> None:
        eve = person("eve@example.com")
        eve.user_permissions.add(Permission.objects.get(codename="view_calltext"))
        client.force_login(eve)
        assert client.post(TEXT).status_code == 403

    def test_address_alone_shows_nothing(self, page: Page, reader: User) -> None:
        response = page.get(TEXT)
        assert response.status_code == 405
        assert not AuditEvent.objects.exists()

    def test_forged_form_is_refused(self, reader: User) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(reader)
        assert client.post(TEXT).status_code == 403
        assert not AuditEvent.objects.exists()

    def test_what_has_expired_is_gone(self, page: Page, reader: User) -> None:
        CallText.objects.update(expires_at=NOW)
        assert "No text is kept of this call" in shown(page)
        assert "Knowledge" not in page.post(TEXT).content.decode()
        assert not AuditEvent.objects.exists()

    def test_switched_off_says_which_setting_turns_it_on(self, page: Page, settings: Any) -> None:
        settings.KEEP_TEXT_DAYS = 0
        CallText.objects.all().delete()
        html = shown(page)
        assert "Prompts and answers are not kept." in html
        assert "KEEP_TEXT_DAYS" in html


class TestAgain:
    @pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
    def test_who_would_be_asked_today_is_told_on_demand(
        self, page: Page, headers: dict[str, str]
    ) -> None:
        page.run(lambda: call_command("load_defaults", stdout=StringIO()))
        answered()
        assert f'href="{HERE}today/#today"' in shown(page)
        response = page.get(f"{HERE}today/", headers=headers)
        html = response.content.decode()
        assert "Who would be asked today" in html
        assert "anthropic/claude-opus-5-5" in html
        assert ("<html" in html) is not headers
        assert UsageRecord.objects.count() == 1

    def test_an_unknown_call_is_said_to_be_unknown(self, page: Page) -> None:
        assert page.get(f"/dashboard/calls/{uuid4()}/today/").status_code == 404

    def test_curl_has_no_text_before_it_is_shown_and_all_of_it_after(
        self, page: Page, alice: User, settings: Any
    ) -> None:
        settings.KEEP_TEXT_DAYS = 7
        answered(requested_model="auto", max_output_tokens=300)
        said = "It's “$HOME” `id`\nand more"
        CallText.objects.create(
            call_id=CALL, user_id=1, at=NOW, expires_at=NOW + timedelta(days=7),
            messages=[{"role": "user", "content": said}], answer="Yes.",
        )
        alice.user_permissions.add(Permission.objects.get(codename="view_calltext"))
        assert body_of(shown(page))["messages"] == [{"role": "user", "content": "..."}]
        body = body_of(page.post(TEXT, headers={"HX-Request": "true"}).content.decode())
        assert body == {
            "model": "auto", "messages": [{"role": "user", "content": said}], "max_tokens": 300,
            "call_kind": "opening_statement",
        }


def body_of(page: str) -> Any:
    """What a shell would send."""
    command = unescape(page.partition("<code>curl ")[2].partition("</code>")[0])
    command = command.replace("\\\n", "")  # a line that goes on
    words = shlex.split(command)
    assert words[1:5] == [
        "-H", "Authorization: Bearer YOUR_KEY", "-H", "Content-Type: application/json"
    ]
    return json.loads(words[-1])
