"""The pages about caches: what each layer answered, what is stored, and why a model was needed."""

import csv
import html
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from routing.models import CallKindRow, Deployment, PrecomputeRun
from tests.costcontrol.dashboard.rows import NOW, call, hit, person, rolled_up
from tests.costcontrol.dashboard.stored import answer

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
PAGE, DAY = "/dashboard/caches/", timedelta(days=1)
MOST_QUERIES = 17
CENT = 10_000_000
HOSTILE = ("' OR 1=1; --", "<script>alert(1)</script>", "\x00", "x" * 3_000, "-1", "9" * 40, "%")


@pytest.fixture(autouse=True)
def kinds(db: None) -> None:
    """One that is stored, one that is not, one that a template may answer."""
    facts: dict[str, Any] = {"complexity": "simple", "max_output_tokens": 100, "latency": "ttft"}
    CallKindRow.objects.create(
        name="opening_statement", key_fields=["topic"], variants=3, **facts
    )
    CallKindRow.objects.create(name="user_turn_analysis", **facts)
    CallKindRow.objects.create(name="closing", may_be_template=True, **facts)


@pytest.fixture
def staff(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def read(client: Client, path: str = PAGE, status: int = 200, **query: str) -> str:
    response = client.get(path, query)
    assert response.status_code == status
    return " ".join(html.unescape(response.content.decode()).split())


def row_of(said: str, name: str) -> list[str]:
    """The texts of the cells of the first row that is called so."""
    for row in re.findall(r"<tr>(.*?)</tr>", said):
        cells = [re.sub(r"<[^>]+>", " ", each).strip()
                 for each in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]
        if cells and cells[0].startswith(name):
            return [" ".join(cell.split()) for cell in cells]
    raise AssertionError(f"no row {name}")


def served(layer: str, kind: str = "opening_statement", **columns: Any) -> None:
    hit(cache_layer=layer, call_kind=kind, **columns)


def test_hit_rates_have_the_denominator_that_stands_beside_them(staff: Client) -> None:
    for kind in ("opening_statement", "opening_statement", "user_turn_analysis"):
        call(call_kind=kind)
    served("exact", "user_turn_analysis")
    served("pattern")
    served("pattern")
    served("precomputed")
    served("template", "closing")
    said = read(staff)
    assert row_of(said, "L1: same question again")[3:6] == [
        "1", "7 all answered calls, without templates", "14.3%",
    ]
    stored = row_of(said, "L2")
    assert stored[3] == "2"
    assert stored[4].startswith("5 answered calls of kinds that are stored, without")
    assert stored[5] == "40.0%"
    assert row_of(said, "L3")[5] == "20.0%"


def test_templates_are_no_hits(staff: Client) -> None:
    served("template", "closing")
    call(call_kind="closing")
    said = read(staff)
    template = row_of(said, "L4")
    assert template[3] == "1"
    assert "not counted as a hit" in template[4]
    assert "%" not in template[5]
    served("pattern", "closing")
    assert row_of(read(staff), "closing")[8] == "50.0%"  # one of a model, one of the store


def test_what_is_stored_now_is_counted(staff: Client) -> None:
    answer(made_at=NOW - DAY, text="abcd")
    answer(variant=1, made_at=NOW - 3 * DAY, text="efgh")
    answer(key="b" * 64, ended_at=NOW)
    answer(key="c" * 64, hard_until=NOW - DAY)
    answer(key="d" * 64, origin="batch", text="xy")
    answer(key="e" * 64, kind="rag_search", text="found")
    said = read(staff)
    assert row_of(said, "L2: stored searches")[6:10:3] == ["1", "5"]
    assert row_of(said, "L2: stored for everybody")[6:] == ["2", "1", "2 days", "8"]
    assert row_of(said, "L3")[6:8] == ["1", "1"]


def test_why_a_model_answered_adds_up(staff: Client) -> None:
    for _number in range(5):
        call(call_kind="opening_statement")
    answer()
    answer(variant=1)
    answer(key="b" * 64)
    answer(key="c" * 64, made_at=NOW - 60 * DAY)
    said = read(staff)
    assert row_of(said, "Nothing was stored yet")[1] == "2"
    assert row_of(said, "They had seen what was stored")[1] == "1"
    assert row_of(said, "It has no key, or was not kept")[1:] == ["2", "40.0%"]
    assert "What could not be served" not in read(staff, tier="premium")


def test_off_is_shown_as_off_with_how_to_switch_it_on(
    staff: Client, settings: LazySettings
) -> None:
    assert row_of(read(staff), "L2")[2] == "on"
    assert row_of(read(staff), "L3")[2] == "off"
    assert "start a run" in read(staff)
    settings.CACHE_SHARED = False
    call(call_kind="opening_statement")
    said = read(staff)
    assert row_of(said, "L2")[2] == "off"
    assert "Set CACHE_SHARED to 1" in said
    assert row_of(said, "The layer is off")[1] == "1"
    CallKindRow.objects.update(may_be_template=False)
    assert row_of(read(staff), "L4")[2] == "off"


def test_searches_are_off_until_a_model_can_search(staff: Client) -> None:
    said = read(staff)
    assert row_of(said, "L2: stored searches")[2] == "off"
    assert "No model can search" in said
    Deployment.objects.create(
        name="x/y", provider="x", model="y", model_class="premium", can_search=True
    )
    assert row_of(read(staff), "L2: stored searches")[2] == "on"


def test_making_ahead_is_on_once_a_run_was_started(staff: Client) -> None:
    PrecomputeRun.objects.create(status="running", created_at=NOW, budget_nanos=CENT)
    assert row_of(read(staff), "L3")[2] == "on"


def test_one_kind_can_be_looked_at_alone(staff: Client) -> None:
    served("pattern")
    served("exact", "user_turn_analysis")
    said = read(staff, kind="opening_statement", language="ko", range="7d")
    assert row_of(said, "L1: same question again")[3] == "0"
    assert row_of(said, "L2")[3] == "1"
    assert "no row" not in said
    with pytest.raises(AssertionError):
        row_of(said, "user_turn_analysis")


def test_days_and_filters_narrow_it(staff: Client) -> None:
    served("pattern", at=NOW - 40 * DAY)
    served("pattern", language="en")
    rolled_up()
    assert row_of(read(staff), "L2")[3] == "1"
    assert row_of(read(staff, language="ko"), "L2")[3] == "0"
    assert row_of(read(staff, range="90d"), "L2")[3] == "2"
    assert row_of(read(staff, tier="free"), "L2")[3] == "0"


def test_the_export_has_what_the_chart_shows(staff: Client) -> None:
    served("pattern")
    served("precomputed", at=NOW - DAY)
    rolled_up()
    rows = export(staff, "answers", range="7d")
    assert sum(int(row["pattern_calls"]) for row in rows) == 1
    assert sum(int(row["precomputed_calls"]) for row in rows) == 1
    money = export(staff, "saved", range="7d")
    assert sum(int(row["pattern_nanos"]) for row in money) == 100 * CENT
    assert read(staff, f"{PAGE}charts/nothing.csv", status=404)


def export(client: Client, name: str, **query: str) -> list[dict[str, str]]:
    response = client.get(f"{PAGE}charts/{name}.csv", query)
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def test_a_new_installation_says_what_will_be_here(staff: Client) -> None:
    said = read(staff)
    assert "No call was made yet" in said
    assert "No call of these days was answered without a model." in said


@pytest.mark.parametrize("words", HOSTILE)
def test_an_address_with_nonsense_is_a_page_all_the_same(staff: Client, words: str) -> None:
    names = ("kind", "range", "from", "to", "zone", "tier", "language", "deployment")
    said = read(staff, **dict.fromkeys(names, words))
    assert "<script>alert" not in staff.get(PAGE, {"kind": words}).content.decode()
    assert "all kinds are shown" in said or not words.strip("\x00")


def test_it_asks_the_database_a_few_times_however_much_there_is(staff: Client) -> None:
    for place in range(30):
        served("pattern", at=NOW - place * DAY)
        answer(key=f"{place:064d}")
    rolled_up()
    with CaptureQueriesContext(connection) as seen:
        staff.get(PAGE, {"range": "90d"})
    assert len(seen) <= MOST_QUERIES


def test_customers_do_not_get_here(client: Client) -> None:
    client.force_login(person())
    for path in ("", "charts/saved.csv", "answers/", "answers/1/", "philosophers/", "topics/",
                 "philosophers/kant/", "purge/"):
        assert client.get(f"{PAGE}{path}").status_code == 403
