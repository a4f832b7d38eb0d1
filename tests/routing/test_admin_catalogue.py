"""Staff pages of the catalogue: a change is a version, users' own stay out of sight."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, User
from routing.models import CallKindRow, Philosopher, Topic
from routing.snapshot import load
from tests.services.defaults import defaults_copy

pytestmark = pytest.mark.django_db
SPOKEN = {"essence": "Holds that all is one.", "traits": "calm\nbrief"}


@pytest.fixture(autouse=True)
def catalogue(db: None) -> None:
    defaults_copy()


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("alice@example.org"))
    return client


def url(page: str, *args: Any) -> str:
    return reverse(f"admin:routing_{page}", args=args)


def kant() -> Philosopher:
    return Philosopher.objects.get(key="kant", is_current=True)


def form_of(row: Philosopher, **changes: Any) -> dict[str, Any]:
    """What the page would send back if nothing was typed, and what was."""
    values: dict[str, Any] = {"name_ko": row.name_ko, "name_en": row.name_en, "is_active": "on"}
    for code in ("ko", "en"):
        card = row.card[code] | {"traits": "\n".join(row.card[code]["traits"])}
        values |= {f"{code}_{name}": text for name, text in card.items()}
    weights = row.card["strategies"].items()
    values["strategies"] = "\n".join(f"{name}: {weight}" for name, weight in weights)
    return values | changes


def refusal(client: Client, address: str, data: dict[str, Any]) -> str:
    response: Any = client.post(address, data)
    assert response.status_code == 200
    return str(response.context_data["errors"])


# --- philosophers -----------------------------------------------------------------------------


def test_a_change_becomes_a_new_version_and_the_old_one_stays(staff: Client) -> None:
    before = kant()
    changed = form_of(before, en_quote="Dare to use your own mind.")
    answer = staff.post(url("philosopher_change", before.pk), changed, follow=True)
    assert "kant v2" in answer.content.decode()
    after = kant()
    assert (after.version, after.card["en"]["quote"]) == (2, "Dare to use your own mind.")
    assert after.card["ko"] == before.card["ko"]
    assert Philosopher.objects.get(key="kant", version=1).card == before.card


def test_what_changed_is_in_the_audit_trail(staff: Client) -> None:
    before = kant()
    staff.post(url("philosopher_change", before.pk), form_of(before, name_en="I. Kant"))
    event = AuditEvent.objects.get(action="philosopher_change")
    assert (event.actor, event.target) == ("alice@example.org", "kant v2")
    assert (event.before["name_en"], event.after["name_en"]) == ("Kant", "I. Kant")


def test_saving_without_a_change_makes_no_version(staff: Client) -> None:
    staff.post(url("philosopher_change", kant().pk), form_of(kant()))
    assert kant().version == 1
    assert not AuditEvent.objects.filter(action="philosopher_change").exists()


def test_taking_somebody_off_offer_is_no_new_version(staff: Client) -> None:
    gone = form_of(kant())
    del gone["is_active"]
    staff.post(url("philosopher_change", kant().pk), gone)
    assert (kant().version, kant().is_active) == (1, False)


def test_an_old_version_can_be_looked_at_and_not_changed(staff: Client) -> None:
    old = kant()
    staff.post(url("philosopher_change", old.pk), form_of(old, name_en="I. Kant"))
    page = staff.get(url("philosopher_change", old.pk)).content.decode()
    assert "as you could want everyone to act" in page
    assert staff.post(url("philosopher_change", old.pk), form_of(old)).status_code == 403


def test_a_new_philosopher_can_be_added_in_one_language(staff: Client) -> None:
    data = {"key": "parmenides", "name_en": "Parmenides", "name_ko": "파르메니데스"}
    data |= {f"en_{name}": text for name, text in SPOKEN.items()}
    data |= {"strategies": "reductio: 0.7\nparadox: 0.3", "is_active": "on"}
    assert staff.post(url("philosopher_add"), data).status_code == 302
    row = Philosopher.objects.get(key="parmenides")
    assert (row.version, row.owner_id, row.shipped_version) == (1, None, None)
    assert row.card["en"]["traits"] == ["calm", "brief"]
    assert row.card["strategies"] == {"reductio": 0.7, "paradox": 0.3}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"en_essence": ""}, "cards.en.essence” is empty"),
        ({"en_quote": "x" * 201}, "has 201 characters, and 200 is the most"),
        ({"strategies": "shouting: 1"}, "There is no way of arguing “shouting”"),
        ({"strategies": "paradox"}, "Write each way of arguing as “name: weight”"),
        ({"strategies": "paradox: nan"}, "each with a weight above 0 and up to 1"),
    ],
)
def test_a_card_that_prompts_could_not_use_is_refused(
    staff: Client, change: dict[str, str], sentence: str
) -> None:
    said = refusal(staff, url("philosopher_change", kant().pk), form_of(kant(), **change))
    assert sentence in said
    assert kant().version == 1


def test_a_key_is_given_once(staff: Client) -> None:
    said = refusal(staff, url("philosopher_add"), form_of(kant(), key="kant"))
    assert "There is a philosopher of that key" in said


def test_staff_never_see_what_users_wrote_about_their_own(staff: Client) -> None:
    own = Philosopher.objects.create(
        key="own-1", owner_id=7, name_ko="비밀", name_en="Secret", card={"en": {"essence": "x"}}
    )
    listed = staff.get(url("philosopher_changelist"), {"q": "secret"}).content.decode()
    assert "own-1" not in listed
    assert staff.get(url("philosopher_change", own.pk)).status_code == 302


# --- topics -----------------------------------------------------------------------------------


def topic_form(**changes: Any) -> dict[str, Any]:
    values = {
        "key": "t900", "category": "ethics", "ko": "죄는 용서받아야 하는가?",
        "en": "Should every wrong be forgiven?", "form": "yes_no", "pro_is": "yes",
        "default_cast": '{"pro": ["kant"], "con": ["hegel"]}', "popularity_rank": "300",
        "is_active": "on",
    }
    return values | changes


def test_a_topic_is_added_and_audited(staff: Client) -> None:
    assert staff.post(url("topic_add"), topic_form()).status_code == 302
    assert Topic.objects.get(key="t900").default_cast == {"pro": ["kant"], "con": ["hegel"]}
    assert AuditEvent.objects.filter(action="topic_create").exists()


@pytest.mark.parametrize(
    "cast",
    [
        '{"pro": ["kant"], "con": ["kant"]}', '{"pro": ["kant"], "con": ["thales"]}',
        '{"pro": ["kant"]}', '{"pro": "kant", "con": "hegel"}', "[1]", '{"pro": [], "con": []}',
        '{"pro": [["kant"]], "con": [{}]}',
        '{"pro": ["kant", "plato", "marx"], "con": ["hegel", "camus", "buddha"]}',
    ],
)
def test_a_cast_that_could_not_debate_is_refused(staff: Client, cast: str) -> None:
    said = refusal(staff, url("topic_add"), topic_form(default_cast=cast))
    assert "the same number of philosophers for both sides" in said


def test_topics_can_be_filtered_by_what_they_are_about(staff: Client) -> None:
    page = staff.get(url("topic_changelist"), {"category": "religion"}).content.decode()
    assert "12 topics" in page


# --- kinds of call ----------------------------------------------------------------------------


def test_a_kind_that_staff_change_is_another_kind_for_the_gateway(staff: Client) -> None:
    data = {
        "is_enabled": "on", "complexity": "simple", "max_output_tokens": "64", "variants": "1",
        "ttl_days": "30",
    }
    assert staff.post(url("callkindrow_change", "conclusion"), data).status_code == 302
    kind = load().kinds["conclusion"]
    assert (kind.complexity, kind.max_output_tokens) == ("simple", 64)
    assert (kind.is_streamed, kind.key_fields) == (True, ("debate_variant_id",))
    assert AuditEvent.objects.get(action="callkindrow_change").target == "conclusion"


def test_only_what_nobody_reads_can_be_left_out_of_debates(staff: Client) -> None:
    data = {"complexity": "simple", "max_output_tokens": "128", "variants": "1", "ttl_days": "30"}
    said = refusal(staff, url("callkindrow_change", "closing"), data)
    assert "Only calls behind the scenes can be left out" in said
    assert "quality_check" in said
    assert staff.post(url("callkindrow_change", "quality_check"), data).status_code == 302
    assert [name for name, kind in load().kinds.items() if not kind.is_enabled] == ["quality_check"]


def test_a_kind_is_neither_added_nor_deleted(staff: Client) -> None:
    assert staff.get(url("callkindrow_add")).status_code == 403
    assert staff.post(url("callkindrow_delete", "closing"), {"post": "yes"}).status_code == 403
    assert CallKindRow.objects.filter(name="closing").exists()


@pytest.mark.parametrize("cap", ["0", "15", "32001", ""])
def test_a_cap_that_no_answer_fits_in_is_refused(staff: Client, cap: str) -> None:
    data = {"complexity": "simple", "max_output_tokens": cap, "variants": "1", "ttl_days": "1"}
    data["is_enabled"] = "on"
    assert refusal(staff, url("callkindrow_change", "closing"), data)
