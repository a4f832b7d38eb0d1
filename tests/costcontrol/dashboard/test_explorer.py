"""The explorer: any question about spend, as a page, a chart, a table and files."""

import csv
import html
import io
import json
import random
import re
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.http import HttpResponse

from billing import rollups
from billing.reports import slices
from costcontrol.dashboard import overview
from costcontrol.lib import clock
from tests.costcontrol.dashboard import rows
from tests.costcontrol.dashboard.conftest import Page

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)
EARLIER = rows.NOW - timedelta(hours=2)
HERE = "/dashboard/explorer/"
MOST_QUERIES = 28
QUARTER = 250_000_000
HAIKU, LUNA = "anthropic/claude-haiku-5-5", "openai/gpt-6-luna"


def read(page: Page, **query: str) -> str:
    rows.rolled_up()
    response = page.get(HERE, query)
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def chart_of(said: str) -> list[dict[str, Any]]:
    found = re.search(r'<script type="application/json">(.*?)</script>', said, re.S)
    assert found
    return list(json.loads(found[1])["data"])


def table_of(said: str) -> list[list[str]]:
    """The texts of the table of groups, its head first."""
    part = said.split('id="groups"')[1]
    return [
        [" ".join(re.sub(r"<[^>]+>", " ", cell).split())
         for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)]
        for row in re.findall(r"<tr>(.*?)</tr>", part, re.S)
    ]


def streamed(page: Page, response: HttpResponse) -> str:
    async def every() -> bytes:
        return b"".join([part async for part in response])  # type: ignore[attr-defined]

    return page._loop.run_until_complete(every()).decode()


def export(page: Page, name: str, **query: str) -> list[dict[str, str]]:
    rows.rolled_up()
    response = page.get(f"{HERE}{name}.csv", query)
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(streamed(page, response))))


def days_between(first: str, last: str) -> range:
    return range(date.fromisoformat(first).toordinal(), date.fromisoformat(last).toordinal() + 1)


def two_models() -> None:
    rows.call(EARLIER)
    rows.call(EARLIER, cost_nanos=2 * QUARTER)
    rows.call(EARLIER, deployment=LUNA, provider="openai", cost_nanos=QUARTER, tier="free")
    rows.hit(EARLIER)


def test_groups_have_share_calls_and_the_price_of_a_thousand(page: Page) -> None:
    two_models()
    head, *lines = table_of(read(page))
    assert head == ["Model", "Spent", "Share", "Calls", "Cost of 1,000 calls"]
    assert lines == [
        ["All together", "$1.0000", "100.0%", "4", "$250.0000"],
        [HAIKU, "$0.7500", "75.0%", "3", "$250.0000"],
        [LUNA, "$0.2500", "25.0%", "1", "$250.0000"],
    ]


def test_a_name_narrows_and_a_number_leads_to_its_calls(page: Page) -> None:
    two_models()
    said = read(page, range="7d")
    narrowed = re.search(rf'<a href="([^"]+)">{re.escape(LUNA)}</a>', said)
    assert narrowed
    asked = dict(parse_qsl(urlsplit(narrowed[1]).query))
    assert asked == {"range": "7d", "deployment": LUNA, "group": "kind"}
    assert table_of(read(page, **asked))[1][:2] == ["All together", "$0.2500"]
    assert f'href="/dashboard/calls/?range=7d&deployment={LUNA.replace("/", "%2F")}"' in said


def test_a_thing_without_a_model_is_a_group_that_can_be_looked_at(page: Page) -> None:
    rows.call()
    rows.refusal()
    lines = table_of(read(page, measure="calls"))
    assert ["no model asked", "1", "50.0%", "$0.0000", "$0.0000"] in lines
    assert table_of(read(page, deployment="none"))[1][0] == "All together"
    assert "Model: no model asked" in " ".join(read(page, deployment="none").split())


def test_each_group_is_compared_with_the_days_before(page: Page) -> None:
    rows.call(rows.NOW - 14 * DAY)
    rows.call(rows.NOW - 8 * DAY, cost_nanos=2 * QUARTER)
    rows.call(cost_nanos=3 * QUARTER)
    head, whole, *_ = table_of(read(page, range="7d"))
    assert head[1:5] == ["Spent", "Share", "Before", "Change"]
    assert whole[1:5] == ["$0.7500", "100.0%", "$0.5000", "$0.2500 +50.0%"]


def test_what_is_gone_is_still_in_the_sum_before(page: Page) -> None:
    rows.call(rows.NOW - 14 * DAY)
    rows.call(rows.NOW - 9 * DAY, deployment=LUNA, provider="openai")
    rows.call()
    lines = table_of(read(page, range="7d"))
    assert [line[0] for line in lines[1:]] == ["All together", HAIKU, "1 other"]
    assert [line[3] for line in lines[1:]] == ["$0.2500", "$0.0000", "$0.2500"]


def test_a_comparison_can_be_switched_off(page: Page) -> None:
    rows.call(rows.NOW - 14 * DAY)
    rows.call()
    assert "Before" in table_of(read(page, range="7d"))[0]
    assert "Before" not in table_of(read(page, range="7d", compare="off"))[0]
    assert "no whole period before" in read(page, range="90d")


def test_a_period_before_that_is_too_much_to_read_is_told_apart_from_none(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows.call(rows.NOW - 20 * DAY)
    for number in range(12):
        rows.call(EARLIER - 8 * DAY, user_id=number)
    rows.call(EARLIER)
    question = {"range": "7d", "status": "complete", "group": "user"}
    assert "to read at once" not in read(page, **question)
    monkeypatch.setattr(slices, "MAX_ROWS", 20)
    said = read(page, **question)
    assert "The period before is not compared with: it would be too much to read at once." in said
    assert "calls began" not in said


def test_what_only_failed_saved_the_same_wherever_it_is_shown(page: Page) -> None:
    """Nothing can be compared, and what was lost is known all the same."""
    rows.call(EARLIER, outcome="failed", error_code="upstream_timeout", baseline="",
              baseline_nanos=None)
    rows.refusal(EARLIER)
    cell = f'<data class="money" value="{-QUARTER}"'
    assert cell in read(page, measure="saved")
    for path in ("/dashboard/", "/dashboard/savings/", "/dashboard/report/?month=2026-11"):
        assert cell in page.get(path).content.decode(), path


def test_ten_groups_are_shown_and_the_others_together(page: Page) -> None:
    for number in range(13):
        rows.call(call_kind=f"kind{number:02}", cost_nanos=(number + 1) * QUARTER)
    said = read(page, group="kind")
    lines = table_of(said)
    assert len(lines) == 1 + 1 + 10 + 1
    assert (lines[2][0], lines[-1][0]) == ("kind12", "3 others")
    assert lines[-1][1] == "$1.5000"
    bars = [trace for trace in chart_of(said) if trace["type"] == "bar"]
    assert len(bars) == 11
    assert sum(value for bar in bars for value in bar["y"]) == pytest.approx(91 * 0.25)
    assert len({bar["meta"]["color"] for bar in bars}) == 11


def test_users_are_called_by_their_email(page: Page) -> None:
    bob = rows.person("bob@example.com")
    rows.call(user_id=bob.pk)
    rows.call(user_id=4711, cost_nanos=1)
    lines = table_of(read(page, group="user"))
    assert [line[0] for line in lines[2:]] == ["bob@example.com", "user 4711"]
    assert table_of(read(page, user="bob@example.com"))[1][1] == "$0.2500"


@pytest.mark.parametrize(("measure", "whole"), [
    ("spend", "$0.2500"), ("calls", "2"), ("per_1k", "$125.0000"), ("saved", "$1.7500"),
    ("tokens", "321"), ("fresh_input", "200"), ("cache_read", "20"), ("cache_write", "1"),
    ("output", "100"),
])
def test_every_figure_is_the_sum_of_the_rows(page: Page, measure: str, whole: str) -> None:
    rows.call(cache_read_tokens=20, cache_write_tokens=1)
    rows.hit()
    assert table_of(read(page, measure=measure))[1][1] == whole


def test_tokens_of_all_calls_are_shown_by_what_they_cost(page: Page) -> None:
    rows.call(cache_read_tokens=20, cache_write_tokens=1)
    bars = chart_of(read(page, measure="tokens", group="none", range="today", compare="off"))
    assert [sum(filter(None, bar["y"])) for bar in bars] == [100, 20, 1, 50]


@pytest.mark.parametrize(("query", "buckets", "first"), [
    ({"range": "today"}, 24, "11-25 00:00"),
    ({"range": "7d"}, 7, "2026-11-19"),
    ({"range": "7d", "step": "hour"}, 168, "11-19 00:00"),
    ({"range": "90d", "step": "week"}, 13, "2026-08-28"),
    ({"range": "90d", "step": "month"}, 4, "2026-08"),
])
def test_time_is_cut_as_it_suits_or_as_somebody_chose(
    page: Page, query: dict[str, str], buckets: int, first: str
) -> None:
    rows.call()
    trace = chart_of(read(page, **query))[0]
    assert (len(trace["x"]), trace["x"][0]) == (buckets, first)
    assert sum(filter(None, trace["y"])) == 0.25


@pytest.mark.parametrize(("query", "said"), [
    ({"step": "hour", "range": "90d"}, "cannot be shown by the hour"),
    ({"step": "minute"}, "not “minute”"),
    ({"measure": "joy"}, "There is no figure “joy”"),
    ({"group": "joy"}, "cannot be grouped by “joy”"),
])
def test_what_cannot_be_done_is_said(page: Page, query: dict[str, str], said: str) -> None:
    rows.call()
    assert said in read(page, **query)


def test_the_period_before_is_a_dashed_line(page: Page) -> None:
    rows.call(rows.NOW - 14 * DAY)
    rows.call(rows.NOW - 7 * DAY)
    rows.call()
    line = chart_of(read(page, range="7d"))[-1]
    assert (line["line"]["dash"], line["y"]) == ("dash", [0, 0, 0, 0, 0, 0, 0.25])


def test_states_without_calls_say_what_to_do(page: Page) -> None:
    assert "No call was made yet" in read(page)
    rows.call(rows.NOW - 40 * DAY, tier="free")
    assert "No calls in these days" in read(page, range="7d")
    assert "No calls for these filters" in read(page, range="7d", tier="free")


def test_an_answer_that_cannot_be_read_says_so(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows.call()
    from costcontrol.dashboard import explorer

    def broken(_ask: object, **_how: object) -> None:
        raise ValueError("<secret>")

    monkeypatch.setattr(explorer.slice_tops, "load", broken)
    said = read(page)
    assert "This part could not be loaded" in said
    assert "secret" not in said


def test_a_part_is_only_the_answer_and_shortens_the_address(page: Page) -> None:
    rows.call()
    response = page.get(
        HERE, {"range": "7d", "tier": "", "measure": "spend"}, headers={"HX-Request": "true"}
    )
    assert "<html" not in response.content.decode()
    assert response["HX-Push-Url"] == f"{HERE}?range=7d"


class TestFiles:
    def test_rows_add_up_to_the_page(self, page: Page) -> None:
        two_models()
        rows.call(rows.NOW - DAY)
        lines = export(page, "over-time")
        assert sum(int(line["cost_nanos"]) for line in lines) == 5 * QUARTER
        assert lines[0]["from"] == "2026-11-24T00:00:00+09:00"
        assert {line["deployment"] for line in lines} == {HAIKU, LUNA}
        groups = export(page, "groups")
        assert [(line["deployment"], line["cost_usd"]) for line in groups] == [
            (HAIKU, "1"), (LUNA, "0.25")
        ]

    def test_groups_say_which_period_they_are_of(self, page: Page) -> None:
        rows.call(rows.NOW - 14 * DAY)
        rows.call(rows.NOW - 8 * DAY)
        rows.call()
        periods = [line["period"] for line in export(page, "groups", range="7d")]
        assert periods == ["now", "before"]

    def test_every_group_is_in_it(self, page: Page) -> None:
        for number in range(13):
            rows.call(call_kind=f"kind{number:02}")
        assert len(export(page, "groups", group="kind")) == 13

    def test_no_text_is_a_formula(self, page: Page) -> None:
        rows.call(call_kind="=1+1")
        assert export(page, "groups", group="kind")[0]["kind"] == "'=1+1"

    def test_json_has_the_question_and_the_same_rows(self, page: Page) -> None:
        two_models()
        rows.rolled_up()
        response = page.get(f"{HERE}groups.json", {"tier": "free", "group": "tier"})
        said = json.loads(streamed(page, response))
        assert said["question"]["filters"] == {"tier": "free"}
        assert [(row["tier"], row["cost_nanos"]) for row in said["rows"]] == [("free", QUARTER)]

    def test_files_say_which_days_they_are_of_where_the_range_was_too_long(
        self, page: Page, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for back in range(30):
            rows.call(rows.NOW - back * DAY)
        rows.rolled_up()
        monkeypatch.setattr(slices, "MAX_ROWS", 4)
        asked = {"group": "user", "range": "7d"}
        (now,) = [line for line in export(page, "groups", **asked) if line["period"] == "now"]
        assert now["cost_nanos"] == str(QUARTER * int(now["calls"]))
        assert (now["from"], now["to"]) > ("2026-11-19", "2026-11-25")
        assert int(now["calls"]) == len(days_between(now["from"], now["to"])) < 7
        for name in ("groups", "over-time"):
            said = json.loads(streamed(page, page.get(f"{HERE}{name}.json", asked)))
            assert said["question"]["from"] == "2026-11-19"
            assert said["question"]["answered"] == {"from": now["from"], "to": now["to"]}

    def test_nothing_is_a_file_all_the_same(self, page: Page) -> None:
        header = streamed(page, page.get(f"{HERE}groups.csv", {"group": "tier"}))
        assert header.startswith("period,from,to,tier,attempts,calls,answered,cost_nanos,")
        assert header.count("\n") == 1
        response = page.get(f"{HERE}over-time.json")
        assert json.loads(streamed(page, response))["rows"] == []

    @pytest.mark.parametrize("path", ["secrets.csv", "secrets.json"])
    def test_a_file_nobody_knows_is_not_found(self, page: Page, path: str) -> None:
        assert page.get(HERE + path).status_code == 404


HOSTILE = ("' OR 1=1; --", "<script>alert(1)</script>", "\x00", "x" * 3_000, "%", "9999-99-99")


@pytest.mark.parametrize(
    "name", ["range", "from", "zone", "provider", "class", "kind", "layer", "status", "user",
             "group", "compare", "measure", "step"]
)
def test_whatever_the_address_says_there_is_a_page(page: Page, name: str) -> None:
    rows.call()
    for text in HOSTILE:
        response = page.get(HERE, {name: text})
        assert response.status_code == 200
        assert "<script>alert" not in response.content.decode()


@pytest.mark.parametrize("days", [1, 60])
def test_queries_do_not_grow_with_the_range(page: Page, days: int) -> None:
    for back in range(days):
        rows.call(rows.NOW - back * DAY)
        rows.hit(rows.NOW - back * DAY)
    rows.rolled_up()
    queries = page.queries_of(HERE, {"range": "90d", "group": "user", "tier": "premium"})
    assert len(queries) <= MOST_QUERIES, "\n".join(query[:120] for query in queries)


def test_late_sums_are_said_in_the_same_words_as_on_the_overview() -> None:
    assert overview.stale_text(lag_s=10, missing_hours=0) == ""
    assert "52 hours are not in the figures" in overview.stale_text(lag_s=7_200, missing_hours=52)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Seoul", "America/New_York"])
@pytest.mark.parametrize("days", [
    {"from": "2026-03-06", "to": "2026-03-10"}, {"from": "2026-10-30", "to": "2026-11-03"},
])
def test_it_says_what_the_overview_and_the_rows_say(
    page: Page, zone: str, days: dict[str, str]
) -> None:
    """Over both changes of the clocks in New York, by hours and by days."""
    chance = random.Random(f"{zone} {days}")
    first = datetime.fromisoformat(f"{days['from']}T00:00+00:00") - DAY
    made = [
        rows.call(
            first + timedelta(minutes=chance.randrange(7 * 24 * 60)),
            cost_nanos=chance.randrange(10**9), tier=chance.choice(("free", "premium")),
        )
        for _ in range(60)
    ]
    start = datetime.fromisoformat(days["from"]).replace(tzinfo=ZoneInfo(zone))
    end = datetime.fromisoformat(days["to"]).replace(tzinfo=ZoneInfo(zone)) + DAY
    spent = sum(row.cost_nanos for row in made if start <= row.at < end)
    asked = days | {"zone": zone}
    with clock.at(first + 7 * DAY):
        rollups.catch_up(now=clock.now())
        for step in ("hour", "day"):
            response = page.get(f"{HERE}over-time.csv", asked | {"group": "tier", "step": step})
            lines = csv.DictReader(io.StringIO(streamed(page, response)))
            assert sum(int(line["cost_nanos"]) for line in lines) == spent
        said = page.get("/dashboard/charts/spend.csv", asked).content.decode()
    lines = csv.DictReader(io.StringIO(said))
    assert sum(int(line["economy_nanos"]) for line in lines) == spent
