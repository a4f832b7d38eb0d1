"""The pages about stored answers: the list, one of them, and how staff end it."""

import csv
import html
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent, User
from routing.models import AnswerSeen, Philosopher, StoredAnswer
from tests.costcontrol.dashboard.files import said_in
from tests.costcontrol.dashboard.rows import NOW, call, hit, person
from tests.costcontrol.dashboard.stored import answer, topic

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
LIST, DAY = "/dashboard/caches/answers/", timedelta(days=1)
MOST_QUERIES = 12
HOSTILE = ("' OR 1=1; --", "<script>alert(1)</script>", "\x00", "x" * 3_000, "-1", "9_9_9", "%")


@pytest.fixture
def staff(client: Client, alice: User) -> Client:
    alice.user_permissions.set(Permission.objects.filter(codename="change_storedanswer"))
    client.force_login(alice)
    return client


def read(client: Client, path: str = LIST, status: int = 200, **query: str) -> str:
    response = client.get(path, query)
    assert response.status_code == status
    return " ".join(html.unescape(response.content.decode()).split())


def listed(client: Client, **query: str) -> list[int]:
    found = re.findall(rf'href="{LIST}(\d+)/"', read(client, **query))
    return [int(each) for each in found]


def key(number: int) -> str:
    return f"{number:064d}"


class TestList:
    def test_a_line_says_what_it_is_and_what_it_brought(self, staff: Client) -> None:
        topic(en="Is virtue taught?")
        Philosopher.objects.create(key="kant", name_ko="칸트", name_en="Immanuel Kant")
        answer(served=7, saved_nanos=30_000_000, ups=3, downs=1, variant=1)
        said = read(staff)
        for part in ("opening_statement, variant 2", "Is virtue taught?", "Immanuel Kant", "for",
                     "Act only on maxims", "written for a debate", 'value="30000000"', ">7<"):
            assert part in said

    @pytest.mark.parametrize(
        ("query", "facts"),
        [
            ({"topic": "t002"}, {"topic_key": "t002"}),
            ({"topic": "is t002"}, {"topic_key": "t002"}),
            ({"philosopher": "hegel"}, {"philosopher": "hegel"}),
            ({"kind": "closing"}, {"kind": "closing"}),
            ({"language": "ko"}, {"language": "ko"}),
            ({"layer": "precomputed"}, {"origin": "batch"}),
            ({"layer": "precomputed"}, {"origin": "ahead"}),
            ({"state": "stale"}, {"soft_until": NOW - DAY}),
            ({"state": "ended"}, {"ended_at": NOW, "ended_why": "rated"}),
            ({"state": "ended"}, {"hard_until": NOW - DAY}),
            ({"state": "wrong"}, {"ended_at": NOW, "ended_why": "wrong"}),
            ({"rated": "badly"}, {"downs": 1}),
        ],
    )
    def test_each_filter_leaves_what_it_names(
        self, staff: Client, query: dict[str, str], facts: dict[str, Any]
    ) -> None:
        topic("t002")
        Philosopher.objects.create(key="hegel", name_ko="헤겔", name_en="Hegel")
        answer(served=1)
        wanted = answer(key=key(2), served=1, **facts)
        assert listed(staff, **query) == [wanted.pk]

    def test_what_was_never_served_can_be_listed(self, staff: Client) -> None:
        answer(served=1)
        never = answer(key=key(2))
        assert listed(staff, served="never") == [never.pk]
        assert len(listed(staff, state="any")) == 2

    @pytest.mark.parametrize("order", ["newest", "oldest", "served", "saved", "worst"])
    def test_pages_of_every_order_have_each_answer_once(self, staff: Client, order: str) -> None:
        rows = [
            answer(key=key(place), served=place % 7, saved_nanos=place % 5, downs=place % 3)
            for place in range(60)
        ]
        first = read(staff, order=order)
        (more,) = re.findall(r'rel="next" href="([^"]+)"', first)
        second = read(staff, more)
        seen = [int(each) for each in re.findall(rf'href="{LIST}(\d+)/"', first + second)]
        assert sorted(seen) == sorted(row.pk for row in rows)
        assert seen == [row.pk for row in sorted(rows, key=by(order))]
        assert "From the beginning" in second

    def test_what_a_users_own_philosopher_says_is_not_listed(self, staff: Client) -> None:
        own = answer(owner_id=7, philosopher="own-1", text="My secret.")
        said = read(staff, state="any")
        assert "My secret." not in said
        assert "My secret." not in read(staff, f"{LIST}{own.pk}/", 404)

    def test_the_export_has_the_same_answers_in_the_same_order(self, staff: Client) -> None:
        rows = [answer(key=key(place), served=place, cost_nanos=123_456_789) for place in range(3)]
        answer(key=key(9), kind="closing", philosopher="=own", owner_id=7)
        query = {"order": "served", "kind": "opening_statement"}
        said = said_in(staff.get("/dashboard/caches/answers.csv", query))
        found = list(csv.DictReader(io.StringIO(said)))
        assert [int(row["answer_id"]) for row in found] == [row.pk for row in reversed(rows)]
        assert {row["cost_usd"] for row in found} == {"0.123456789"}
        assert "Act only" not in said  # texts stay on their pages

    def test_states_before_anything_is_stored_and_when_nothing_matches(
        self, staff: Client
    ) -> None:
        assert "Nothing is stored yet" in read(staff)
        answer()
        assert "No stored answer matches" in read(staff, kind="closing")

    @pytest.mark.parametrize("words", HOSTILE)
    def test_an_address_with_nonsense_is_a_page_all_the_same(
        self, staff: Client, words: str
    ) -> None:
        names = ("topic", "philosopher", "kind", "language", "layer", "state", "order", "after")
        answer()
        read(staff, **dict.fromkeys(names, words))

    def test_it_asks_the_database_a_few_times(self, staff: Client) -> None:
        for place in range(20):
            answer(key=key(place), topic_key=f"t{place}")
        with CaptureQueriesContext(connection) as seen:
            staff.get(LIST)
        assert len(seen) <= MOST_QUERIES


def by(order: str) -> Any:
    orders = {
        "newest": lambda row: -row.pk, "oldest": lambda row: row.pk,
        "served": lambda row: (-row.served, -row.pk),
        "saved": lambda row: (-row.saved_nanos, -row.pk),
        "worst": lambda row: (-row.downs, -row.pk),
    }
    return orders[order]


class TestOne:
    def test_its_page_says_what_it_is_made_of_and_by_which_call(self, staff: Client) -> None:
        topic(en="Is virtue taught?")
        row = answer(served=4, saved_nanos=25_000_000, ups=2, downs=1)
        AnswerSeen.objects.create(user_id=3, answer=row, at=NOW)
        AnswerSeen.objects.create(user_id=4, answer=row, at=NOW)
        said = read(staff, f"{LIST}{row.pk}/")
        for part in ("Act only on maxims", "seen by 2 users", "paid back 2.5 times",
                     "kant, version 1", f"/dashboard/calls/{row.call_id}/", row.key,
                     "Is virtue taught?",
                     "premium anthropic/claude-opus-5-5", "Epoch of the topic"):
            assert part in said

    @pytest.mark.parametrize(
        ("facts", "said"),
        [
            ({"saved_nanos": 1}, "not paid back yet"),
            ({"cost_nanos": 0}, "making it cost nothing"),
            ({"kind": "core_arguments"}, "only prompts read it, nobody sees it"),
            ({"soft_until": NOW - DAY}, "served, to be made anew"),
            ({"ended_at": NOW, "ended_why": "wrong"}, "served for the wrong topic"),
            ({"hard_until": NOW - DAY}, "too old"),
            ({"fields": {"cast": [[["kant", 2, None]], [["hegel", 1, None]]], "strange": [1]}},
             "for: kant, version 2; against: hegel, version 1"),
        ],
    )
    def test_every_state_is_said_in_words(
        self, staff: Client, facts: dict[str, Any], said: str
    ) -> None:
        assert said in read(staff, f"{LIST}{answer(**facts).pk}/")

    def test_its_variants_stand_side_by_side(self, staff: Client) -> None:
        first, second = answer(text="One way."), answer(variant=1, text="Another way.")
        ended = answer(variant=1, text="An old way.", ended_at=NOW, ended_why="refreshed")
        answer(key=key(9), text="Of another key.")
        said = read(staff, f"{LIST}{first.pk}/")
        for each in (second, ended):
            assert f'href="{LIST}{each.pk}/"' in said
            assert each.text in said
        assert "Of another key." not in said
        assert "a newer one took its place" in said

    def test_who_was_served_is_not_told(self, staff: Client) -> None:
        row, bob = answer(), person("bob.secret@example.com")
        one = hit(cache_layer="pattern", answer_id=row.pk, user_id=bob.pk)
        said = read(staff, f"{LIST}{row.pk}/")
        assert "bob.secret" not in said
        assert str(one.call_id) not in said
        assert said.count("stored for everybody") >= 1
        assert 'value="1000000000"' in said  # saved by that one serving

    def test_one_that_is_not_there_is_said_to_be_missing(self, staff: Client) -> None:
        assert "Stored answer not found" in read(staff, f"{LIST}5/", 404)
        assert "Stored answer not found" in read(staff, f"{LIST}{'9' * 30}/", 404)

    def test_it_asks_the_database_a_few_times(self, staff: Client) -> None:
        row = answer()
        for place in range(1, 20):
            answer(variant=place)
            hit(cache_layer="pattern", answer_id=row.pk)
        with CaptureQueriesContext(connection) as seen:
            staff.get(f"{LIST}{row.pk}/")
        assert len(seen) <= MOST_QUERIES


class TestEnding:
    def end(self, client: Client, row: StoredAnswer, **form: str) -> str:
        form = {"why": "wrong", "reason": "It names the wrong book."} | form
        response = client.post(f"{LIST}{row.pk}/end/", form, follow=True)
        assert response.status_code == 200
        row.refresh_from_db()
        return " ".join(html.unescape(response.content.decode()).split())

    def test_it_is_not_served_any_more_and_the_reason_is_audited(self, staff: Client) -> None:
        row = answer()
        assert "is not served any more" in self.end(staff, row)
        assert (row.ended_at, row.ended_why) == (NOW, "wrong")
        event = AuditEvent.objects.get(action="answer_end")
        assert event.actor == "alice@example.com"
        assert event.after == {"why": "wrong", "reason": "It names the wrong book."}
        assert "had ended before" in self.end(staff, row)
        assert AuditEvent.objects.filter(action="answer_end").count() == 1

    def test_a_reason_with_a_sign_that_no_database_keeps_is_kept_without_it(
        self, staff: Client
    ) -> None:
        assert "is not served any more" in self.end(staff, answer(), reason="Bad\x00 \x00book.")
        assert AuditEvent.objects.get(action="answer_end").after["reason"] == "Bad book."

    @pytest.mark.parametrize(
        "form", [{"reason": " "}, {"reason": "\x00"}, {"why": "refreshed"}, {"why": ""}]
    )
    def test_it_needs_a_why_and_a_reason(self, staff: Client, form: dict[str, str]) -> None:
        row = answer()
        assert "Nothing was changed" in self.end(staff, row, **form)
        assert row.ended_at is None

    def test_it_needs_the_permission(self, staff: Client, alice: User) -> None:
        alice.user_permissions.clear()
        row = answer()
        assert "needs the permission" in read(staff, f"{LIST}{row.pk}/")
        assert "Yes, end it" not in read(staff, f"{LIST}{row.pk}/")
        asked = staff.post(f"{LIST}{row.pk}/end/", {"why": "wrong", "reason": "x"})
        assert asked.status_code == 403
        row.refresh_from_db()
        assert row.ended_at is None

    def test_what_is_a_users_own_cannot_be_ended_here(self, staff: Client) -> None:
        row = answer(owner_id=7)
        assert staff.post(f"{LIST}{row.pk}/end/", {"why": "wrong"}).status_code == 404


class TestCalls:
    def test_the_page_of_a_call_names_the_answer_it_got(self, staff: Client) -> None:
        row = answer(variant=2)
        got = hit(cache_layer="precomputed", answer_id=row.pk)
        said = read(staff, f"/dashboard/calls/{got.call_id}/")
        assert "made ahead" in said
        assert f'href="{LIST}{row.pk}/"' in said
        assert "variant 3" in said

    def test_the_page_of_a_call_names_the_answer_it_made(self, staff: Client) -> None:
        made = call()
        row = answer(call_id=made.call_id)
        assert f'href="{LIST}{row.pk}/"' in read(staff, f"/dashboard/calls/{made.call_id}/")
        own = call()
        private = answer(key=key(3), call_id=own.call_id, owner_id=7)
        assert f"{LIST}{private.pk}/" not in read(staff, f"/dashboard/calls/{own.call_id}/")

    def test_lists_of_calls_link_to_the_variant(self, staff: Client) -> None:
        row = answer(variant=1)
        hit(cache_layer="pattern", answer_id=row.pk, debate_id="d1")
        hit(cache_layer="pattern", answer_id=row.pk + 1, debate_id="d1")  # deleted since
        for path in ("/dashboard/calls/", "/dashboard/debates/d1/"):
            said = read(staff, path)
            assert f'href="{LIST}{row.pk}/"' in said
            assert "variant 2" in said
            assert f"{LIST}{row.pk + 1}/" not in said
