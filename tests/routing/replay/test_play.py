"""A month through the real gateway: books that agree, parts that add up, one seed, one month."""

from dataclasses import replace
from typing import Any

import pytest

from routing.replay.figures import added
from routing.replay.levers import Savings, savings_of
from routing.replay.options import PREMIUM, SHIPPED, Options
from routing.replay.result import result_of
from tests.routing.replay.months import known, played

pytestmark = pytest.mark.django_db
SMALL = Options(debates=12, topics=3, debates_per_user=4, format="1v1")


def of(options: Options) -> Savings:
    return savings_of(known(options).figures[-1])


def test_ledger_rows_and_the_providers_own_books_agree() -> None:
    month = known(SMALL)

    assert month.problems == ()
    assert month.calls > 250


def test_what_the_levers_saved_and_what_was_spent_are_the_baseline_to_the_nano() -> None:
    saved = of(SMALL)

    assert saved.is_whole
    assert saved.parts["pattern"] > 0
    assert saved.parts["template"] > 0
    assert saved.parts["search_cache"] > 0
    assert saved.parts["route_local"] > 0


def test_the_frozen_baseline_comes_out_of_the_metering() -> None:
    month = known(Options(debates=1))

    watched, seated = (savings_of(each).spend for each in month.frozen)

    assert (watched, seated) == (509_080_000, 435_760_000)  # 58 calls and 4 searches; 51 and 3
    assert round((watched + seated) / 2 / 10**9, 4) == 0.4724


def test_the_same_seed_is_the_same_month_and_another_seed_another_one() -> None:
    first, again = known(SMALL), played(SMALL)
    other = known(replace(SMALL, seed=2, debates=3))

    assert first.figures == again.figures
    assert other.figures != known(replace(SMALL, debates=3)).figures


def test_two_parts_add_up_to_what_one_player_comes_to() -> None:
    options = replace(SMALL, typed=0.5)
    whole = known(options)
    parts = [played(options, part=part, parts=2) for part in (0, 1)]

    assert 0 < parts[0].figures[-1].debates < options.debates
    assert added(part.figures[-1] for part in parts) == added([whole.figures[-1]])
    assert result_of(options, parts, seconds=1).calls == whole.calls


def test_on_the_baselines_own_route_only_stored_answers_and_templates_save() -> None:
    saved = of(replace(SMALL, routes=PREMIUM))

    assert saved.parts["route_local"] == saved.parts["route_smaller"] == 0
    assert saved.parts["pattern"] > 0


def test_new_topics_share_nothing() -> None:
    saved = of(replace(SMALL, debates=3, typed=1.0, recognised=0.0))

    assert saved.parts["pattern"] == saved.parts["search_cache"] == 0


def test_where_the_premium_model_writes_for_nobody_else_too_a_month_costs_more() -> None:
    typed = replace(SMALL, debates=3, typed=1.0, recognised=0.0)

    assert of(replace(typed, alone="premium")).spend > of(typed).spend


def test_shipped_routes_have_no_local_model_and_cost_more() -> None:
    few = replace(SMALL, debates=3)
    shipped = of(replace(few, routes=SHIPPED))

    assert shipped.parts["route_local"] == 0
    assert shipped.spend > of(few).spend


def test_a_share_that_is_held_out_saves_nothing(settings: Any) -> None:
    settings.HOLDOUT_PERCENT = 100.0

    saved = savings_of(played(replace(SMALL, debates=2, holdout=1.0)).figures[-1])

    assert saved.spend == saved.baseline


def test_what_is_made_ahead_is_served_and_its_cost_is_taken_off(settings: Any) -> None:
    settings.PRECOMPUTE_MONTHLY_USD = "1000"
    options = replace(SMALL, debates=12, days=1, precompute=2, typed=0.0, usual_cast=1.0)

    month = played(options)
    saved = savings_of(month.figures[-1])

    assert month.problems == ()
    assert saved.is_whole
    assert saved.parts["precomputed"] > 0
    assert saved.parts["precompute"] < 0
