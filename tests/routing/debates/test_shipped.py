"""The catalogue that ships: whole in both languages, loaded once, and never over what staff did."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from routing import tokens
from routing.call_kinds import CALL_KINDS, PURPOSES, SHIPPED
from routing.debates.cards import TEXTS, checked
from routing.debates.categories import CATEGORIES
from routing.debates.shipped import (
    FOLDER,
    ShippedPhilosopher,
    catalogue_load,
    philosophers_read,
    topics_read,
)
from routing.debates.topic_texts import normalised
from routing.models import CallKindRow, Philosopher, Topic

PEOPLE = {
    "aristotle", "beauvoir", "buddha", "camus", "confucius", "hegel", "kant", "laozi", "marx",
    "nietzsche", "plato", "rousseau", "sartre", "socrates", "wittgenstein",
}
HANGUL = range(0xAC00, 0xD7A4)
with_database = [pytest.mark.django_db, pytest.mark.postgresql]


# --- what is in the files ---------------------------------------------------------------------


def test_the_catalogue_has_fifteen_philosophers() -> None:
    assert {each.key for each in philosophers_read()} == PEOPLE
    assert len(philosophers_read()) == 15


@pytest.mark.parametrize("shipped", philosophers_read(), ids=lambda each: each.key)
def test_a_card_is_whole_in_both_languages(shipped: ShippedPhilosopher) -> None:
    draft = shipped.draft
    assert checked(draft) == draft, "within all limits, on single lines"
    for code in ("ko", "en"):
        card = draft.cards[code]
        assert draft.names[code]
        assert all(card[name] for name in TEXTS)
        assert 3 <= len(card["traits"]) <= 5
        is_korean = any(ord(sign) in HANGUL for sign in draft.names[code] + card["essence"])
        assert is_korean == (code == "ko")
    assert sum(draft.strategies.values()) == pytest.approx(1)


@pytest.mark.parametrize("code", ["ko", "en"])
def test_a_card_is_short_for_every_prompt_pays_for_it(code: str) -> None:
    sizes = {each.key: tokens.count(card_text(each.draft.cards[code]))
             for each in philosophers_read()}  # fmt: skip
    assert all(70 <= size <= 120 for size in sizes.values()), sizes


def card_text(card: Any) -> str:
    return "\n".join([*(card[name] for name in TEXTS), ", ".join(card["traits"])])


def test_no_two_philosophers_say_the_same() -> None:
    for name in ("essence", "quote", "speech"):
        said = Counter(
            each.draft.cards[code][name] for each in philosophers_read() for code in ("ko", "en")
        )
        assert len(said) == 30


def test_every_topic_is_whole_and_asked_once() -> None:
    topics = topics_read()
    assert len(topics) == len({topic.key for topic in topics}) == 208
    titles = Counter(normalised(title) for topic in topics for title in (topic.ko, topic.en))
    assert [title for title, count in titles.items() if count > 1 or not title] == []
    for topic in topics:
        topic.full_clean(validate_unique=False)
        assert (topic.form, topic.pro_is) in (("yes_no", "yes"), ("either_or", "first_option"))
        assert any(ord(sign) in HANGUL for sign in topic.ko)
        assert not any(ord(sign) in HANGUL for sign in topic.en)


def test_every_usual_cast_can_be_cast() -> None:
    for topic in topics_read():
        pro, con = topic.default_cast["pro"], topic.default_cast["con"]
        assert len(pro) == len(con) == 2
        assert len({*pro, *con}) == 4
        assert {*pro, *con} <= PEOPLE


def test_every_category_has_a_name_and_every_name_a_topic() -> None:
    assert {topic.category for topic in topics_read()} == set(CATEGORIES)


def test_the_file_of_kinds_has_the_names_of_the_code() -> None:
    assert set(json.loads(SHIPPED.read_text())) == set(PURPOSES) == set(CALL_KINDS)


def test_nothing_that_a_user_typed_is_the_key_of_a_stored_answer() -> None:
    assert CALL_KINDS["user_turn_analysis"].key_fields == ()
    assert CALL_KINDS["topic_resolve"].key_fields == ()


def test_what_is_read_in_any_language_is_stored_by_language() -> None:
    """Or by something that has one language: a statement, a debate, a query."""
    has_language = {"lang", "statement_ids", "debate_variant_id"}
    for kind in CALL_KINDS.values():
        assert not kind.key_fields or has_language & set(kind.key_fields), kind.name


# --- loading ----------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the files, to be changed."""
    for path in FOLDER.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def publish(folder: Path, key: str, *, version: int, quote: str) -> None:
    path = folder / "philosophers.json"
    rows = json.loads(path.read_text())
    row = next(row for row in rows if row["key"] == key)
    row["version"], row["en"]["quote"] = version, quote
    path.write_text(json.dumps(rows))


def current(key: str) -> Philosopher:
    return Philosopher.objects.get(key=key, is_current=True)


class TestLoading:
    pytestmark = with_database

    def test_the_first_load_brings_everything(self) -> None:
        done = catalogue_load()
        assert (done.philosophers, done.topics, done.kinds) == (15, 208, 22)
        assert Philosopher.objects.filter(is_current=True, owner_id=None).count() == 15
        assert Topic.objects.get(key="t001").default_cast["pro"] == ["aristotle", "kant"]

    def test_the_second_load_brings_nothing(self) -> None:
        catalogue_load()
        again = catalogue_load()
        assert (again.philosophers, again.versions, again.kept) == (0, 0, 0)
        assert (again.topics, again.kinds) == (0, 0)

    def test_a_row_of_a_kind_says_what_the_code_says(self) -> None:
        catalogue_load()
        row = CallKindRow.objects.get(name="opening_statement")
        kind = CALL_KINDS["opening_statement"]
        assert (row.complexity, row.max_output_tokens) == (kind.complexity, 1408)
        assert row.key_fields == ["philosopher", "topic", "side", "lang"]
        assert (row.variants, row.is_batchable, row.latency) == (3, True, "ttft")

    def test_a_newer_version_in_the_file_takes_the_place_of_the_old_one(
        self, folder: Path
    ) -> None:
        catalogue_load(folder)
        publish(folder, "kant", version=2, quote="Think for yourself.")
        done = catalogue_load(folder)
        assert (done.versions, done.philosophers, done.kept) == (1, 0, 0)
        assert (current("kant").version, current("kant").shipped_version) == (2, 2)
        assert current("kant").card["en"]["quote"] == "Think for yourself."
        assert Philosopher.objects.filter(key="kant").count() == 2
        assert catalogue_load(folder).versions == 0

    def test_the_same_version_with_other_words_changes_nothing(self, folder: Path) -> None:
        catalogue_load(folder)
        publish(folder, "kant", version=1, quote="Think for yourself.")
        assert catalogue_load(folder).versions == 0
        assert current("kant").card["en"]["quote"] != "Think for yourself."

    def test_what_staff_wrote_stays_when_the_file_is_newer(self, folder: Path) -> None:
        catalogue_load(folder)
        Philosopher.objects.filter(key="kant").update(is_current=False)
        Philosopher.objects.create(
            key="kant", version=2, name_ko="칸트", name_en="Kant!", card={"en": {"essence": "x"}}
        )
        publish(folder, "kant", version=5, quote="Think for yourself.")
        done = catalogue_load(folder)
        assert (done.versions, done.kept) == (0, 1)
        assert (current("kant").version, current("kant").name_en) == (2, "Kant!")

    def test_who_is_off_offer_stays_off_offer_in_a_new_version(self, folder: Path) -> None:
        catalogue_load(folder)
        Philosopher.objects.filter(key="kant").update(is_active=False)
        publish(folder, "kant", version=2, quote="Think for yourself.")
        catalogue_load(folder)
        assert (current("kant").version, current("kant").is_active) == (2, False)

    def test_topics_and_kinds_that_staff_changed_stay_so(self) -> None:
        catalogue_load()
        Topic.objects.filter(key="t001").update(en="May one die for five?", is_active=False)
        CallKindRow.objects.filter(name="closing").update(complexity="complex")
        catalogue_load()
        assert Topic.objects.get(key="t001").en == "May one die for five?"
        assert not Topic.objects.get(key="t001").is_active
        assert CallKindRow.objects.get(name="closing").complexity == "complex"
