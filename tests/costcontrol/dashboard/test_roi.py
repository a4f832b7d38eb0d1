"""The page about hardware of one's own: what is measured, what is guessed, and the answer."""

import csv
import io
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.costcontrol.dashboard.rows import NOW, call, hit, rolled_up

pytestmark = pytest.mark.django_db
PAGE = "/dashboard/roi/"
GEMMA = "ollama/gemma3"
ASKED = {
    "hardware": "3600", "watts": "500", "idle": "100", "kwh": "0.25", "lifetime": "36",
    "utilisation": "50", "speed": "100", "share": "60", "debates": "1000", "tokens": "10000",
    "cloud": "15",
}


@pytest.fixture
def staff(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def text_of(client: Client, **query: str) -> str:
    response = client.get(PAGE, query)
    assert response.status_code == 200
    return unescape(response.content.decode())


def rows_of(client: Client, **query: str) -> list[dict[str, str]]:
    response = client.get("/dashboard/roi.csv", query)
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def assumed(client: Client, **query: str) -> dict[str, tuple[str, str]]:
    return {
        row["name"]: (row["value"], row["source"])
        for row in rows_of(client, **query) if row["part"] == "assumption"
    }


def local(**columns: Any) -> None:
    call(deployment=GEMMA, provider="ollama", model="gemma3", model_class="local", cost_nanos=0,
         **columns)


def test_it_is_for_staff(client: Client) -> None:
    assert client.get(PAGE).status_code == 302


def test_the_figures_that_were_worked_out_by_hand(staff: Client) -> None:
    said = text_of(staff, **ASKED)
    assert "It pays from 1,336 debates a month on." in said
    assert "costs $29.67 a month more than the cloud" in said
    results = {(row["name"], row["users"]): row["value"] for row in rows_of(staff, **ASKED)
               if row["part"] == "result"}
    assert results["break_even_debates", ""] == "1336"
    assert results["million_local_tokens", ""] == "1188271605"
    assert (results["payback", "1"], results["payback", "10"]) == ("51.18", "4.16")


def test_everything_that_was_put_in_stands_in_the_address_and_says_so(staff: Client) -> None:
    asked = ASKED | {"lifetime": "48", "utilisation": "40", "debates": "900"}
    found = assumed(staff, **asked)
    assert {name: value for name, (value, _source) in found.items()} == asked
    assert {source for _value, source in found.values()} == {"as you put it in"}


def test_with_nothing_measured_each_value_is_called_a_guess(staff: Client) -> None:
    assert all(source.startswith("a guess") for _value, source in assumed(staff).values())


@pytest.mark.postgresql
def test_speed_share_debates_tokens_and_cloud_are_measured(staff: Client) -> None:
    for number in range(3):
        local(debate_id=f"debate-{number}", output_tokens=300, latency_ms=4_000)
    call(debate_id="debate-1", output_tokens=100, cost_nanos=1_000_000)
    call(debate_id="debate-1", output_tokens=1_000, cost_nanos=50_000_000, model_class="premium")
    hit(debate_id="debate-1", output_tokens=9_999)  # no model wrote it
    found = assumed(staff)
    assert found["speed"][0] == "75.0"  # 900 tokens in 12 s
    assert found["share"][0] == "50"  # 1,000 of 2,000
    assert found["debates"][0] == "3"
    assert found["tokens"][0] == "667"  # 2,000 by 3
    assert found["cloud"][0] == "10.0000"  # $0.001 for 100 tokens of the economy class
    measured = ("speed", "share", "debates", "tokens", "cloud")
    assert all(found[name][1].startswith("measured") for name in measured)
    assert found["hardware"][1].startswith("a guess")


def test_the_speed_of_the_last_day_with_local_calls_is_found(staff: Client) -> None:
    local(at=NOW - timedelta(days=9), output_tokens=100, latency_ms=1_000)
    local(at=NOW - timedelta(days=12), output_tokens=100, latency_ms=100)
    rolled_up()
    assert assumed(staff)["speed"][0] == "100.0"


def test_a_form_that_sends_what_it_showed_changes_no_source(staff: Client) -> None:
    local(output_tokens=300, latency_ms=4_000)
    shown = {name: value for name, (value, _source) in assumed(staff).items()}
    assert assumed(staff, **shown) == assumed(staff)


@pytest.mark.parametrize(("name", "value"), [
    ("hardware", "much"), ("share", "101"), ("speed", "0"), ("kwh", "NaN"), ("lifetime", "-1"),
])
def test_what_makes_no_sense_is_left_as_it_was_and_said(
    staff: Client, name: str, value: str
) -> None:
    assert assumed(staff, **{name: value}) == assumed(staff)
    assert f"not “{value}”, so it is left as it was." in text_of(staff, **{name: value})


def test_power_when_idle_is_no_more_than_at_work(staff: Client) -> None:
    assert "so both are the same" in text_of(staff, watts="50", idle="60")


def test_where_power_costs_more_than_the_cloud_it_says_never(staff: Client) -> None:
    said = text_of(staff, cloud="0.01", kwh="1")
    assert "a machine never pays" in said
    assert "never" in said


def test_never_is_not_told_as_a_key_that_has_no_end(staff: Client) -> None:
    page = staff.get(
        PAGE, ASKED | {"cloud": "0.01", "kwh": "1"}, headers={"accept-language": "ko"}
    )
    assert "본전까지" in (said := page.content.decode())
    assert "만료" not in said


def test_what_one_machine_cannot_do_is_no_break_even(staff: Client) -> None:
    said = text_of(staff, **ASKED | {"utilisation": "1"})
    assert "It never pays on these assumptions: that takes 1,336 debates a month" in said


def test_the_page_reads_little(
    staff: Client, django_assert_max_num_queries: object
) -> None:
    local(output_tokens=300, latency_ms=4_000)
    rolled_up()
    text_of(staff)
    with django_assert_max_num_queries(13):  # type: ignore[operator]
        text_of(staff)
