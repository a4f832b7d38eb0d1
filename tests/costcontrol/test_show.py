"""The value tags: exact values for machines, words for people, nothing that can break a page."""

import json
from datetime import UTC, datetime

import pytest
from django.template import engines
from django.utils.translation import override

from costcontrol.dashboard import components
from costcontrol.dashboard.components import Cell, Change, Tone

NOON = datetime(2026, 11, 25, 12, 4, 33, tzinfo=UTC)


def show(tag: str, **values: object) -> str:
    return engines["django"].from_string("{% load show %}{% " + tag + " %}").render(values)


@pytest.mark.parametrize(
    ("nanos", "shown"),
    [
        (0, "$0.00"),
        (1_234_567_890_000, "$1,234.57"),
        (999_999_999, "$1.0000"),
        (12_345_678, "$0.0123"),
        (180_000, "$0.000180"),
        (-2_500_000_000, "-$2.50"),
    ],
)
def test_money_has_its_exact_nanos_and_as_many_places_as_it_deserves(
    nanos: int, shown: str
) -> None:
    written = show("money nanos", nanos=nanos)
    assert f'value="{nanos}"' in written
    assert f">{shown}</data>" in written


def test_places_of_money_can_be_given() -> None:
    assert ">$0.001235</data>" in show("money nanos places=6", nanos=1_234_567)
    assert ">$0.00</data>" in show("money nanos 2", nanos=1_234_567)


@pytest.mark.parametrize("tag", ["money", "count", "share", "duration", "when"])
def test_what_is_not_known_is_a_dash_and_never_a_zero(tag: str) -> None:
    written = show(f"{tag} value", value=None)
    assert "–" in written
    assert "not known" in written
    assert "0" not in written


def test_share_is_given_in_hundredths_of_a_percent() -> None:
    assert show("share bp", bp=1234) == '<data class="share" value="1234">12.3%</data>'


@pytest.mark.parametrize(
    ("ms", "shown"),
    [
        (0, "0 ms"),
        (999, "999 ms"),
        (1000, "1.0 s"),
        (70_400, "1 min 10 s"),
        (3_600_000, "1 h 0 min"),
        (47 * 3_600_000, "47 h 0 min"),
        (48 * 3_600_000, "2 days"),
    ],
)
def test_duration_takes_the_unit_it_needs(ms: int, shown: str) -> None:
    assert f">{shown}</data>" in show("duration ms", ms=ms)


def test_moment_is_shown_in_the_zone_asked_for_and_kept_exactly() -> None:
    written = show("when moment zone", moment=NOON, zone="Asia/Seoul")
    assert 'datetime="2026-11-25T12:04:33Z"' in written
    assert "25 Nov 2026, 21:04" in written
    with override("ko"):
        assert "2026. 11. 25. 21:04" in show("when moment zone", moment=NOON, zone="Asia/Seoul")


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (components.text("<b>"), "&lt;b&gt;"),
        (components.link("a & b", "/?x=1&y=2"), '<a href="/?x=1&amp;y=2">a &amp; b</a>'),
        (components.badge("<i>", Tone.BAD), '<span class="badge" data-tone="bad">&lt;i&gt;</span>'),
        (components.money(5_000_000_000), "$5.00"),
        (components.money(5_000_000_000, places=4), "$5.0000"),
        (components.count(1_234), "1,234"),
        (components.share(50), "0.5%"),
        (components.duration(12), "12 ms"),
        (components.when(NOON, zone="UTC"), "12:04"),
        (components.text("x", note="<u>"), '<span class="cell-note">&lt;u&gt;</span>'),
        (components.text(None), "not known"),
    ],
)
def test_cell_shows_what_it_holds_and_escapes_it(cell: Cell, shown: str) -> None:
    assert shown in show("cell cell", cell=cell)


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        (Change(820, is_good=False), ["▲", "8.2%", "more", 'data-tone="bad"']),
        (Change(-310, is_good=True, than="than before"), ["▼", "3.1%", "less", "than before"]),
        (Change(0), ["no change"]),
    ],
)
def test_change_says_its_direction_in_words(change: Change, shown: list[str]) -> None:
    written = show("change change", change=change)
    assert [part for part in shown if part not in written] == []


def test_chart_data_cannot_end_its_block() -> None:
    hostile = json.dumps({"data": [{"name": "</script><script>alert(1)</script>&"}]})
    written = show("chart_json text", text=hostile)
    assert "<" not in written
    assert json.loads(written) == json.loads(hostile)


def test_chart_data_that_is_no_json_is_refused() -> None:
    with pytest.raises(json.JSONDecodeError):
        show("chart_json text", text="alert(1)")
