"""The part of the page about topics' other words that tries another threshold on what is known."""

import csv
import io
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent
from routing import embeddings
from routing.models import Topic, TopicCalibration, TopicMatch
from tests.costcontrol.dashboard.rows import NOW
from tests.costcontrol.dashboard.test_topic_matches import match
from tests.costcontrol.dashboard.test_topic_words import PAGE, read
from tests.costcontrol.dashboard.test_topic_words import staff as staff
from tests.costcontrol.dashboard.test_topic_words import virtue as virtue

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
MOST_QUERIES = 24


def matches(topic: Topic, *groups: tuple[int, float, str], **columns: Any) -> None:
    """So many, so alike, with this verdict."""
    usual: dict[str, Any] = {
        "topic": topic, "language": "en", "embedder": "h", "embedder_name": "use 0.2.1", "at": NOW,
    }
    TopicMatch.objects.bulk_create(
        TopicMatch(similarity=similarity, verdict=verdict, **usual | columns)
        for number, similarity, verdict in groups for _one in range(number)
    )


def ask(client: Client, **asked: str) -> str:
    response = client.get(PAGE, asked)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def cells(page: str) -> list[str]:
    """The rows of the table of thresholds, tags taken off."""
    part = page.split("The recorded texts at each threshold</caption>", 1)[1].split("</table>")[0]
    rows = part.split("<tbody>")[1].split("<tr>")[1:]
    return [" ".join(_plain(row).split()) for row in rows]


def _plain(text: str) -> str:
    inside, out = False, []
    for letter in text:
        inside = letter == "<" or (inside and letter != ">")
        out.append(" " if inside or letter == ">" else letter)
    return "".join(out)


def test_a_higher_threshold_says_what_it_takes_asks_and_gets_wrong(
    staff: Client, virtue: Topic
) -> None:
    matches(virtue, (40, 0.95, "right"), (3, 0.95, "wrong"), (5, 0.95, ""), (10, 0.85, "right"),
            (7, 0.85, "wrong"), (2, 0.85, ""))
    said = ask(staff, threshold="90")
    assert cells(said) == ["This one, 90.0% 48 19 43 3 7.0% 2.4% 18.6%"]
    assert "7.0% is wrong: between 2.4% and 18.6% with 95 % certainty, of 43" in said
    assert "Nothing is recorded below" not in said


def test_what_is_just_as_alike_as_the_threshold_is_taken(staff: Client, virtue: Topic) -> None:
    matches(virtue, (2, 0.912, "right"), (1, 0.9119, "right"))
    assert cells(ask(staff, threshold="91.2"))[0].startswith("This one, 91.2% 2 1")


def test_there_is_no_verdict_on_few(staff: Client, virtue: Topic) -> None:
    matches(virtue, (29, 0.95, "right"), (100, 0.95, ""))
    said = ask(staff, threshold="90")
    assert "No verdict: 29 of the texts" in said
    assert "is wrong: between" not in said
    assert cells(said) == ["This one, 90.0% 129 0 29 0" + 3 * " – not known"]
    matches(virtue, (1, 0.95, "right"))
    assert "0.0% is wrong: between 0.0% and 11." in ask(staff, threshold="90")


def test_below_what_was_taken_nothing_is_known(staff: Client, virtue: Topic) -> None:
    matches(virtue, (40, 0.85, "right"))
    assert "Nothing is recorded below 85.0%" in ask(staff, threshold="80")


def test_it_is_set_beside_the_one_in_force(
    staff: Client, virtue: Topic, settings: Any
) -> None:
    settings.TOPIC_EMBEDDER = "builtin"
    model = embeddings.embedder()
    assert model
    TopicCalibration.objects.create(
        language="en", embedder=model.hash, embedder_name="mine", threshold=0.8, floor=0.4,
        judged=9, topics=9, errors=0, bound=0.1, source="a test", made_at=NOW,
    )
    matches(virtue, (40, 0.95, "right"), (8, 0.85, "right"), (4, 0.85, "wrong"),
            embedder=model.hash)
    matches(virtue, (99, 0.95, "wrong"))  # of another embedder
    said = ask(staff, threshold="90", language="en")
    assert cells(said)[0] == "In force, 80.0% 52 0 52 4 7.7% 3.0% 18.2%"
    assert cells(said)[1].startswith("This one, 90.0% 40 12 40 0 0.0%")
    assert "asks about 4 texts that were wrong, and about 8 that were right" in said


@pytest.mark.parametrize(("asked", "shown"), [
    ({"threshold": "92", "slider": "95", "was": "92"}, "95"),  # only the slider was moved
    ({"threshold": "93", "slider": "92", "was": "92"}, "93"),
    ({"threshold": "93", "slider": "95", "was": "92"}, "93"),
    ({"threshold": "92", "slider": "92", "was": "92"}, "92"),
    ({}, "85"),
])
def test_the_slider_counts_where_only_it_was_moved(
    staff: Client, virtue: Topic, asked: dict[str, str], shown: str
) -> None:
    matches(virtue, (1, 0.85, "right"))
    said = ask(staff, **asked)
    assert cells(said)[0].startswith(f"This one, {shown}.0%")


@pytest.mark.parametrize("typed", ["abc", "101", "-1", "NaN", "1e999", "9" * 500, "\x00"])
def test_what_is_no_similarity_is_said(staff: Client, virtue: Topic, typed: str) -> None:
    matches(virtue, (1, 0.85, "right"))
    assert "is no similarity. Write a number from 0 to 100." in ask(staff, threshold=typed)


def test_the_bars_are_the_table_and_the_file(staff: Client, virtue: Topic) -> None:
    matches(virtue, (3, 0.29, "right"), (2, 0.97, "wrong"), (1, 1.0, ""), (1, 0.99, "right"))
    said = read(staff)
    assert 'id="similarity"' in said
    assert "29–30 %" in said
    lines = list(csv.reader(io.StringIO(staff.get(f"{PAGE}similarity.csv").content.decode())))
    found = {row[2]: row[4:7] for row in lines[1:]}
    assert lines[0][:7] == ["embedder", "language", "from_percent", "to_percent", "right", "wrong",
                            "not_judged"]
    assert (found["29"], found["97"], found["99"]) == (
        ["3", "0", "0"], ["0", "2", "0"], ["1", "0", "1"])
    assert len(found) == 71


def test_each_language_has_its_own(staff: Client, virtue: Topic) -> None:
    matches(virtue, (5, 0.95, "right"), language="ko")
    matches(virtue, (2, 0.95, "right"))
    assert cells(ask(staff, threshold="90"))[0].startswith("This one, 90.0% 5 0")  # most recorded
    assert cells(ask(staff, threshold="90", language="en"))[0].startswith("This one, 90.0% 2 0")
    file = staff.get(f"{PAGE}similarity.csv", {"language": "en"}).content.decode()
    assert ",en,95,96,2,0,0" in file


def test_without_records_it_says_so(staff: Client, virtue: Topic) -> None:
    said = read(staff)
    assert "no text was drawn yet" in said
    assert 'type="range"' not in said
    assert "under calibrations" in said
    file = staff.get(f"{PAGE}similarity.csv").content.decode()
    assert len(file.splitlines()) == 1


def test_it_changes_nothing_and_asks_few_queries(staff: Client, virtue: Topic) -> None:
    match(virtue)
    matches(virtue, *((1, 0.5 + place / 1000, "right") for place in range(200)))
    with CaptureQueriesContext(connection) as seen:
        ask(staff, threshold="60")
    assert len(seen) <= MOST_QUERIES
    assert not any(each["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE") for each in seen)
    assert not AuditEvent.objects.exists()
