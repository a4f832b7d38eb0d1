"""`/api/v1/philosophers` and `/api/v1/topics`, as a frontend uses them."""

import json
from typing import Any

import pytest
from django.test import Client

from accounts import closing
from accounts.models import User
from accounts.services import api_key_issue, end_user_get
from costcontrol.lib import clock
from routing.api.catalogue_examples import MADE, PHILOSOPHER, TOPIC
from routing.api.topic_examples import FOUND, TYPED
from routing.debates.own import MAX_OWN
from routing.debates.shipped import topics_read
from routing.models import Philosopher, Topic
from tests.services.defaults import defaults_copy

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
HYPATIA = {
    "name": {"en": "Hypatia"},
    "cards": {"en": {"essence": "Holds that number rules all.", "traits": ["geometry"]}},
    "strategies": {"definition": 0.6, "questioning": 0.4},
}
TITLE = "Is it permissible to sacrifice one person in order to save five?"


class Person:
    """Somebody with a key."""

    def __init__(self, user: User, secret: str, **headers: str) -> None:
        self.user, self.client = user, Client()
        self.headers = {"Authorization": f"Bearer {secret}", **headers}

    def ask(
        self, method: str, path: str, body: Any = None, *, status: int = 200, **headers: str
    ) -> Any:
        """The JSON of a reply that must have this status."""
        sent = "" if body is None else body if isinstance(body, str) else json.dumps(body)
        reply = self.client.generic(
            method, f"/api/v1/{path}", sent,
            content_type="application/json", headers={**self.headers, **headers},
        )
        assert reply.status_code == status, reply.content
        if status >= 400:
            assert reply["Content-Type"] == "application/problem+json"
        return json.loads(reply.content) if reply.content else None


@pytest.fixture(autouse=True)
def loaded(db: None) -> None:
    defaults_copy()


def person(email: str) -> Person:
    user = User.objects.create_user(email)
    return Person(user, api_key_issue(user=user, actor="test")[1])


@pytest.fixture
def alice() -> Person:
    return person("alice@example.org")


@pytest.fixture
def bob() -> Person:
    return person("bob@example.org")


# --- philosophers -----------------------------------------------------------------------------


def test_the_list_has_both_languages(alice: Person) -> None:
    people = alice.ask("GET", "philosophers")["results"]
    assert len(people) == 15
    kant = next(each for each in people if each["key"] == "kant")
    assert kant["name"] == {"ko": "칸트", "en": "Kant"}
    assert set(kant["cards"]) == {"ko", "en"}
    assert (kant["version"], kant["is_own"]) == (1, False)
    assert alice.ask("GET", "philosophers/kant") == kant


def test_ones_own_is_made_changed_and_taken_off_offer(alice: Person) -> None:
    made = alice.ask("POST", "philosophers", HYPATIA, status=201)
    assert (made["version"], made["is_own"]) == (1, True)
    assert made["name"] == {"ko": "Hypatia", "en": "Hypatia"}
    assert made["strategies"] == HYPATIA["strategies"]
    path = f"philosophers/{made['key']}"

    patched = alice.ask("PATCH", path, {"cards": {"en": {"quote": "Think."}}})
    assert patched["version"] == 2
    assert patched["cards"]["en"]["traits"] == ["geometry"], "what was not sent stays"
    assert patched["cards"]["en"]["quote"] == "Think."

    put = alice.ask("PUT", path, HYPATIA)
    assert (put["version"], put["cards"]["en"]["quote"]) == (3, ""), "what was not sent goes"
    assert alice.ask("PUT", path, HYPATIA)["version"] == 3, "the same again changes nothing"

    assert alice.ask("GET", "philosophers")["results"][-1] == put
    alice.ask("DELETE", path, status=204)
    assert alice.ask("GET", path, status=404)["code"] == "philosopher_unknown"
    assert len(alice.ask("GET", "philosophers")["results"]) == 15
    alice.ask("DELETE", path, status=404)


def test_what_the_api_document_shows_is_what_is_taken_and_given(alice: Person) -> None:
    made = alice.ask("POST", "philosophers", PHILOSOPHER, status=201)
    assert made == MADE.value | {"key": made["key"]}
    assert alice.ask("GET", "topics/t001") == TOPIC
    assert alice.ask("POST", "topics/resolve", TYPED.value) == FOUND.value


def test_a_language_is_added_and_taken_away(alice: Person) -> None:
    key = alice.ask("POST", "philosophers", HYPATIA, status=201)["key"]
    korean = {"name": {"ko": "히파티아"}, "cards": {"ko": {"essence": "수가 모든 것을 다스린다."}}}
    both = alice.ask("PATCH", f"philosophers/{key}", korean)
    assert set(both["cards"]) == {"ko", "en"}
    one = alice.ask("PATCH", f"philosophers/{key}", {"cards": {"en": None}})
    assert set(one["cards"]) == {"ko"}
    gone = alice.ask("PATCH", f"philosophers/{key}", {"cards": {"ko": None}}, status=422)
    assert gone["code"] == "philosopher_invalid"


def test_nobody_else_sees_or_touches_it(alice: Person, bob: Person) -> None:
    key = alice.ask("POST", "philosophers", HYPATIA, status=201)["key"]
    assert len(bob.ask("GET", "philosophers")["results"]) == 15
    for method, body in (("GET", None), ("PUT", HYPATIA), ("PATCH", {}), ("DELETE", None)):
        problem = bob.ask(method, f"philosophers/{key}", body, status=404)
        assert problem["code"] == "philosopher_unknown"
    assert alice.ask("GET", f"philosophers/{key}")["version"] == 1


def test_end_users_of_one_service_do_not_see_each_others(alice: Person) -> None:
    service = api_key_issue(user=alice.user, scopes=["call", "service"], actor="test")[1]
    first, second = (
        Person(alice.user, service, **{"X-End-User": name}) for name in ("reader-1", "reader-2")
    )
    key = first.ask("POST", "philosophers", HYPATIA, status=201)["key"]
    assert first.ask("GET", f"philosophers/{key}")["is_own"]
    second.ask("GET", f"philosophers/{key}", status=404)
    alice.ask("GET", f"philosophers/{key}", status=404)


def test_the_catalogue_cannot_be_changed_by_users(alice: Person) -> None:
    for method, body in (("PUT", HYPATIA), ("PATCH", {}), ("DELETE", None)):
        problem = alice.ask(method, "philosophers/kant", body, status=403)
        assert problem["code"] == "philosopher_fixed"
    assert Philosopher.objects.get(key="kant").is_active


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("", 422, "philosopher_invalid"), ("[]", 400, "invalid_request"), ("{", 400, "parse_error"),
        ("[" * 100_000, 400, "invalid_request"), ({}, 422, "philosopher_invalid"),
        ({**HYPATIA, "name": {}}, 422, "philosopher_invalid"),
        ({**HYPATIA, "owner_id": 1}, 400, "invalid_request"),
        ({**HYPATIA, "strategies": {"paradox": 2}}, 422, "philosopher_invalid"),
        ({"name": {"en": "x"}, "cards": {"en": {"essence": "x" * 9_999}}}, 422,
         "philosopher_invalid"),
        ('{"name": {"en": "\\ud800"}, "cards": {"en": {"essence": "x"}}}', 422,
         "philosopher_invalid"),
        ({"name": {"en": "x" * 300_000}}, 413, "payload_too_large"),
    ],
)  # fmt: skip
def test_bad_bodies_are_problems_and_make_nothing(
    alice: Person, body: Any, status: int, code: str
) -> None:
    assert alice.ask("POST", "philosophers", body, status=status)["code"] == code
    assert not Philosopher.objects.filter(owner_id__isnull=False).exists()


def test_there_is_a_limit_and_the_problem_says_it(alice: Person) -> None:
    for number in range(MAX_OWN):
        alice.ask("POST", "philosophers", {**HYPATIA, "name": {"en": f"N{number}"}}, status=201)
    problem = alice.ask("POST", "philosophers", HYPATIA, status=409)
    assert (problem["code"], problem["limit"]) == ("philosopher_limit", MAX_OWN)


def test_without_a_key_there_is_nothing(client: Client) -> None:
    for path in ("philosophers", "philosophers/kant", "topics", "topics/t001"):
        assert client.get(f"/api/v1/{path}").status_code == 401
    assert client.post("/api/v1/topics/resolve").status_code == 401


def test_ones_own_goes_with_the_account_and_those_of_its_end_users_too(
    alice: Person, bob: Person
) -> None:
    reader = end_user_get(owner=alice.user, external_id="reader-1")
    alice.ask("POST", "philosophers", HYPATIA, status=201)
    bob.ask("POST", "philosophers", HYPATIA, status=201)
    Philosopher.objects.create(key="own-r", owner_id=reader.pk, name_ko="x", name_en="x")
    closing.account_close(alice.user, at=clock.now())
    owners = Philosopher.objects.exclude(owner_id=None).values_list("owner_id", flat=True)
    assert list(owners) == [bob.user.pk]
    assert Philosopher.objects.filter(owner_id=None).count() == 15


# --- topics -----------------------------------------------------------------------------------


def test_topics_come_in_pages_the_most_popular_first(alice: Person) -> None:
    page = alice.ask("GET", "topics?page_size=100")
    assert (page["count"], len(page["results"]), len(page["categories"])) == (208, 100, 15)
    keys = [topic["key"] for topic in page["results"]]
    while page["next"]:
        page = alice.ask("GET", page["next"].removeprefix("/api/v1/"))
        keys += [topic["key"] for topic in page["results"]]
    by_rank = sorted(topics_read(), key=lambda topic: topic.popularity_rank)
    assert keys == [topic.key for topic in by_rank], "each once"


def test_a_topic_says_all_that_a_debate_needs(alice: Person) -> None:
    topic = alice.ask("GET", "topics/t001")
    assert topic["category"] == {"key": "ethics", "name": "Ethics"}
    assert topic["en"] == TITLE
    assert topic["default_cast"] == {"pro": ["aristotle", "kant"], "con": ["confucius", "rousseau"]}
    assert (topic["form"], topic["pro_is"], topic["is_ready"]) == ("yes_no", "yes", False)
    assert alice.ask("GET", "topics/t999", status=404)["code"] == "topic_unknown"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("category=religion", 12), ("category=astrology", 0), ("q=SACRIFICE", 1),
        ("q=다섯 사람을", 1), ("q=다섯&language=en", 0), ("q=zzz", 0), ("q=%25", 0),
        ("ready=true", 0), ("ready=false", 208), ("page=9999", 208), ("q=%00", 208),
    ],
)
def test_topics_are_filtered(alice: Person, query: str, count: int) -> None:
    assert alice.ask("GET", f"topics?{query}")["count"] == count


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=-1", "page=x", "page=²", "page=99999999999999999999", "page_size=0",
     "language=fr"],
)  # fmt: skip
def test_a_filter_that_makes_no_sense_is_a_problem(alice: Person, query: str) -> None:
    assert alice.ask("GET", f"topics?{query}", status=400)["code"] == "invalid_request"


def test_what_is_off_offer_is_not_listed(alice: Person) -> None:
    Topic.objects.filter(key="t001").update(is_active=False)
    assert alice.ask("GET", "topics")["count"] == 207


def test_a_page_of_topics_is_few_queries(
    alice: Person, django_assert_max_num_queries: Any
) -> None:
    alice.ask("GET", "topics?page_size=1")  # the snapshot is there
    with django_assert_max_num_queries(8):
        alice.ask("GET", "topics?page_size=250")


def test_a_typed_title_is_resolved_to_its_topic(alice: Person) -> None:
    found = alice.ask("POST", "topics/resolve", {"text": TITLE.lower().rstrip("?")})
    assert found["topic"]["key"] == "t001"
    assert (found["text"], found["language"], found["is_swapped"]) == (TITLE, "en", False)
    new = alice.ask("POST", "topics/resolve", {"text": "고양이가 개보다 나은가?"})
    assert (new["topic"], new["did_you_mean"], new["language"]) == (None, [], "ko")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "topic_blocked"), ({"text": ""}, 422, "topic_blocked"),
        ({"text": "a" * 10_000}, 422, "topic_blocked"), ({"text": 7}, 400, "invalid_request"),
        ('{"text": "\\ud800"}', 422, "topic_blocked"),
        ({"text": "自由とは何か"}, 422, "language_unavailable"),
        ({"text": TITLE, "language": "fr"}, 400, "invalid_request"),
        ({"text": TITLE, "language": ["ko"]}, 400, "invalid_request"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_topic_is_a_problem(
    alice: Person, body: Any, status: int, code: str
) -> None:
    assert alice.ask("POST", "topics/resolve", body, status=status)["code"] == code
