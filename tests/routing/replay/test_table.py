"""What people are told: assumptions, the policy by name, a table that adds up, and what differs."""

import json
from dataclasses import replace

import pytest

from routing.replay.assumptions import assumed, policy
from routing.replay.levers import savings_of
from routing.replay.options import PREMIUM, SHIPPED, Options
from routing.replay.result import Result, growth_of, result_of
from routing.replay.table import lines_of
from tests.routing.replay.months import known
from tests.routing.replay.test_play import SMALL

pytestmark = pytest.mark.django_db


def small() -> Result:
    return result_of(SMALL, [known(SMALL)], seconds=2.0)


def test_the_table_says_what_was_assumed_what_differs_and_that_quality_is_not_claimed() -> None:
    text = "\n".join(lines_of(small()))

    for words in (
        "Replay of 12 debates, seed 1, routes “economical”", "Assumed, not measured",
        "Not as in the product", "no figure below says anything about quality",
        "Ledger, usage rows and the providers' own books agree to the nano.",
        "= spend", "stored answers (L2)", "templates (L4)",
    ):
        assert words in text


def test_books_that_differ_are_told() -> None:
    text = "\n".join(lines_of(replace(small(), problems=("ledger 1, bills 2",))))

    assert "The books differ: ledger 1, bills 2." in text
    assert "agree" not in text


def test_the_policy_is_told_by_name() -> None:
    economical = " ".join(policy(Options()))

    assert "simple -> a local model at $0" in economical
    assert "core_arguments, opening_statement -> claude-opus-5-5" in economical
    assert "every call -> claude-opus-5-5" in " ".join(policy(Options(routes=PREMIUM)))
    assert "no local model" in " ".join(policy(Options(routes=SHIPPED)))


def test_assumptions_are_the_options() -> None:
    told = " ".join(assumed(Options(typed=0.4, search_usd="0.02", precompute=7)))

    for words in ("40% of debates have a typed topic", "a search costs $0.02", "the 7 most asked"):
        assert words in told


def test_json_has_every_group_and_its_levers_add_up() -> None:
    found = json.loads(json.dumps(small().as_json()))

    last = found["checkpoints"][-1]
    assert last["baseline_nanos"] - sum(last["levers_nanos"].values()) == last["spend_nanos"]
    assert sum(group["cost_nanos"] for group in last["groups"]) == last["spend_nanos"]
    assert found["frozen_baseline_nanos"] > 0


def test_growth_compares_two_first_months() -> None:
    few = replace(SMALL, debates=3)
    small_month, large_month = result_of(few, [known(few)], seconds=1), small()

    growth = growth_of(4.0, small_month, large_month)

    spends = [savings_of(each.figures[-1]).spend for each in (small_month, large_month)]
    assert growth.times == spends[1] / spends[0]
    assert 1 < growth.times < 4  # the many find more of what they want stored
    assert "4 times the users" in "\n".join(lines_of(replace(large_month, growth=growth)))
