"""Whatever stands in an address, a page has a question, and says what it changed."""

from datetime import UTC, date, datetime
from urllib.parse import parse_qsl

import pytest

from billing.reports.facts import FilterChoices
from billing.reports.shapes import Filters
from billing.reports.slices import SliceFilters
from costcontrol.dashboard.filter_bar import filter_bar, groups_select
from costcontrol.dashboard.filter_names import EVERY
from costcontrol.dashboard.filters import State, state_of
from tests.costcontrol.dashboard.rows import NOW, person

CHOICES = FilterChoices(("free", "premium"), ("en", "ko"), ("anthropic/claude-haiku-5-5",))
TODAY = date(2026, 11, 25)
JUNK = (
    "' OR 1=1; DROP TABLE users; --", "<script>alert(1)</script>", "\x00", "9" * 5_000, "../../etc",
    "\u0662\u0660\u0662\u0666-11-25", "%s%n", "{{ 7*7 }}", "\ud800", "2026-02-30",
    "2026-11-25T00:00", "-1", "NaN",
)


def ask(now: datetime = NOW, **query: str) -> State:
    renamed = {name.removesuffix("_"): value for name, value in query.items()}
    return state_of(renamed, choices=CHOICES, now=now)


def days(state: State) -> tuple[date, date]:
    return state.range.first, state.range.last


def test_nothing_asked_is_the_last_thirty_days_in_the_default_zone() -> None:
    state = ask()
    assert days(state) == (date(2026, 10, 27), TODAY)
    assert (state.zone, state.preset, state.notes) == ("Asia/Seoul", "30d", ())


def test_today_is_the_day_of_the_zone() -> None:
    late = datetime(2026, 11, 25, 20, tzinfo=UTC)
    assert ask(late, range="today").range.last == date(2026, 11, 26)
    assert ask(late, range="today", zone="America/New_York").range.last == TODAY


def test_a_range_of_its_own() -> None:
    state = ask(from_="2026-11-01", to="2026-11-05")
    assert days(state) == (date(2026, 11, 1), date(2026, 11, 5))
    assert (state.preset, state.notes) == ("", ())


def test_a_form_that_repeats_the_days_of_its_preset_keeps_the_preset() -> None:
    assert ask(range="7d", from_="2026-11-19", to="2026-11-25").preset == "7d"
    assert ask(range="7d", from_="2026-11-18", to="2026-11-25").preset == ""


def test_preset_outlives_a_change_of_the_zone() -> None:
    late = datetime(2026, 11, 25, 20, tzinfo=UTC)  # the next day in Seoul
    shown = {"from_": "2026-11-20", "to": "2026-11-26", "days": "2026-11-20 2026-11-26"}
    state = ask(late, range="7d", zone="UTC", **shown)
    assert (state.preset, state.range.last, state.notes) == ("7d", TODAY, ())


def test_preset_outlives_midnight() -> None:
    shown = {"from_": "2026-11-24", "to": "2026-11-24", "days": "2026-11-24 2026-11-24"}
    assert days(ask(range="today", **shown)) == (TODAY, TODAY)


def test_days_that_were_changed_are_meant() -> None:
    state = ask(range="7d", from_="2026-11-24", to="2026-11-24", days="2026-11-19 2026-11-25")
    assert (state.preset, days(state)) == ("", (date(2026, 11, 24), date(2026, 11, 24)))


def test_reversed_days_are_swapped() -> None:
    state = ask(from_="2026-11-05", to="2026-11-01")
    assert days(state) == (date(2026, 11, 1), date(2026, 11, 5))
    assert "swapped" in state.notes[0]


def test_ten_years_are_cut_to_the_last_four_hundred_days() -> None:
    state = ask(from_="2016-11-25", to="2026-11-25")
    assert (state.range.days, state.range.last) == (400, TODAY)
    assert any("400 days" in note for note in state.notes)


def test_four_hundred_days_are_not_cut() -> None:
    state = ask(from_="2025-10-22", to="2026-11-25")
    assert (state.range.days, state.notes) == (400, ())


@pytest.mark.parametrize(("first", "last"), [
    ("2030-01-01", "2031-01-01"), ("9999-12-31", "9999-12-31"), ("2026-11-26", ""),
])
def test_the_future_ends_today(first: str, last: str) -> None:
    state = ask(from_=first, to=last)
    assert days(state) == (TODAY, TODAY)
    assert "future" in state.notes[0]


@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "2019-12-31"])
def test_days_before_everything_are_the_first_day_there_can_be(day: str) -> None:
    state = ask(from_=day, to=day)
    assert days(state) == (date(2020, 1, 1), date(2020, 1, 1))
    assert state.notes


def test_only_the_last_day_is_the_thirty_days_until_then() -> None:
    assert days(ask(to="2026-11-10")) == (date(2026, 10, 12), date(2026, 11, 10))


@pytest.mark.parametrize("name", ["range", "from", "to", "zone", "tier", "language", "deployment"])
@pytest.mark.parametrize("junk", JUNK)
def test_junk_gives_the_usual_page_and_a_sentence(name: str, junk: str) -> None:
    state = state_of({name: junk}, choices=CHOICES, now=NOW)
    assert state.question == ask().question
    assert len(state.notes) == 1
    assert len(state.notes[0]) < 200
    assert "\x00" not in state.notes[0]


def test_unknown_zone_is_named_beside_the_one_that_is_used() -> None:
    state = ask(zone="Europe/Atlantis")
    assert state.zone == "Asia/Seoul"
    assert "Europe/Atlantis" in state.notes[0]
    assert "Asia/Seoul" in state.notes[0]


@pytest.mark.parametrize("zone", ["Europe", "posixrules/", "/etc/localtime", "Asia/../Asia/Seoul"])
def test_what_looks_like_a_path_is_no_zone(zone: str) -> None:
    assert ask(zone=zone).zone == "Asia/Seoul"


def test_a_link_keeps_everything_but_what_it_changes() -> None:
    asked = {"from": "2026-11-01", "to": "2026-11-05", "zone": "UTC", "tier": "free"}
    state = state_of(asked, choices=CHOICES, now=NOW)
    assert dict(parse_qsl(state.as_query())) == asked
    assert dict(parse_qsl(state.as_query(range="7d"))) == {
        "range": "7d", "zone": "UTC", "tier": "free"
    }
    assert dict(parse_qsl(state.as_query(tier=""))) == {
        name: value for name, value in asked.items() if name != "tier"
    }


def test_the_usual_page_has_no_query() -> None:
    assert ask().as_query() == ""


def test_a_query_that_is_followed_asks_the_same_question() -> None:
    state = ask(range="90d", zone="America/New_York", deployment=CHOICES.deployments[0])
    again = state_of(dict(parse_qsl(state.as_query())), choices=CHOICES, now=NOW)
    assert again == state


# --- the filters of all pages -------------------------------------------------------------------

EVERYTHING = {
    "tier": "free", "language": "ko", "provider": "anthropic",
    "deployment": "anthropic/claude-haiku-5-5", "class": "premium", "kind": "rebuttal",
    "layer": "none", "status": "complete", "user": "4711",
}


def wide(**query: str) -> State:
    return state_of(query, choices=CHOICES, now=NOW, applies=EVERY)


@pytest.mark.parametrize("name", ["provider", "class", "layer", "status", "group", "compare"])
@pytest.mark.parametrize("junk", JUNK)
def test_junk_in_the_newer_filters_gives_the_usual_page_too(name: str, junk: str) -> None:
    state = wide(**{name: junk})
    assert state.slices == wide().slices
    assert (state.group, state.compares, len(state.notes)) == ("", True, 1)


@pytest.mark.parametrize("junk", [text for text in JUNK if text not in (
    "-1", "NaN", "2026-02-30", "2026-11-25T00:00",
)])
def test_a_kind_is_a_name(junk: str) -> None:
    state = wide(kind=junk)
    assert (state.slices.call_kind, len(state.notes)) == ("", 1)


def test_every_filter_narrows_a_page_that_applies_them_all() -> None:
    state = wide(**EVERYTHING)
    assert state.slices == SliceFilters(
        tier="free", language="ko", provider="anthropic",
        deployment="anthropic/claude-haiku-5-5", model_class="premium", call_kind="rebuttal",
        cache_layer="none", outcome="complete", user_id=4711,
    )
    assert state.notes == ()


def test_every_filter_is_in_the_links_of_every_page() -> None:
    for state in (wide(**EVERYTHING), ask(**EVERYTHING)):
        assert dict(parse_qsl(state.as_query())) == EVERYTHING
        assert dict(parse_qsl(state.as_query(**{"class": "", "user": ""}))) == {
            name: value for name, value in EVERYTHING.items() if name not in ("class", "user")
        }


def test_a_page_says_which_filters_it_does_not_apply() -> None:
    state = ask(tier="free", provider="anthropic", kind="rebuttal")
    assert state.question.filters == Filters(tier="free")
    assert state.slices == SliceFilters(tier="free")
    assert len(state.notes) == 1
    assert "cannot be narrowed by Provider: anthropic, Kind: rebuttal" in state.notes[0]


def test_nothing_is_a_value_only_where_all_filters_are() -> None:
    assert ask(tier="none").question.filters == Filters()
    assert "cannot be narrowed by Tier" in ask(tier="none").notes[0]
    assert wide(tier="none").slices.tier == "none"


def test_groups_and_comparison_are_kept() -> None:
    state = wide(group="tier", compare="off")
    assert (state.group, state.compares) == ("tier", False)
    assert state.as_query() == "group=tier&compare=off"
    assert wide(compare="on").as_query() == ""


@pytest.mark.django_db
def test_a_user_is_found_by_email_or_number() -> None:
    bob = person()
    assert wide(user="Bob@Example.com").slices.user_id == bob.pk
    assert wide(user=str(bob.pk)).slices.user_id == bob.pk
    nobody = wide(user="nobody@example.com")
    assert (nobody.slices.user_id, nobody.chosen) == (None, {})
    assert "There is no user “nobody@example.com”" in nobody.notes[0]


# --- the bar -------------------------------------------------------------------------------------


def test_a_chip_takes_its_filter_away_and_leaves_the_others() -> None:
    state = ask(tier="free", provider="anthropic")
    bar = filter_bar(state, CHOICES, today="2026-11-25")
    assert [(chip.title, chip.value, chip.is_applied) for chip in bar.chips] == [
        ("Tier", "free", True), ("Provider", "anthropic", False)
    ]
    assert [chip.query for chip in bar.chips] == ["provider=anthropic", "tier=free"]
    assert bar.reset_query == ""


def test_a_form_keeps_what_it_does_not_offer() -> None:
    state = ask(tier="free", provider="anthropic", group="tier", compare="off")
    bar = filter_bar(state, CHOICES, today="2026-11-25")
    assert dict(bar.kept) == {"provider": "anthropic", "group": "tier", "compare": "off"}
    assert [each.name for each in bar.selects] == ["tier", "language", "deployment", "zone"]
    own = filter_bar(
        state, CHOICES, today="2026-11-25", first=(groups_select(state, "deployment"),),
        compares=True,
    )
    assert dict(own.kept) == {"provider": "anthropic"}


def test_a_value_that_no_list_has_is_still_seen_as_chosen() -> None:
    bar = filter_bar(wide(layer="none", kind="odd"), CHOICES, today="2026-11-25")
    chosen = {
        each.name: choice.label
        for each in bar.selects for choice in each.choices if choice.is_chosen and choice.value
    }
    assert (chosen["layer"], chosen["kind"]) == ("not from a cache", "odd")
