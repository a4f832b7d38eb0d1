"""Does a machine of one's own pay? Against figures that were worked out by hand.

A machine for $3,600 that lasts 36 months costs $100 a month. It makes 100 tokens a second; busy
half of the time that is 100 x 0.5 x 2,592,000 = 129,600,000 a month. It draws 500 W while it works
and 100 W while it does not; a kWh costs $0.25.
"""

from dataclasses import replace
from fractions import Fraction

from billing.reports.roi import (
    Assumptions,
    break_even_debates,
    capacity,
    debates_of_one_machine,
    energy_a_token,
    hardware_a_month,
    idle_a_month,
    million_local,
    outcome,
    paid_after,
)

DOLLAR = 1_000_000_000
GIVEN = Assumptions(
    hardware_nanos=3_600 * DOLLAR, watts=500, idle_watts=100, kwh_nanos=DOLLAR // 4,
    lifetime_months=36, utilisation_bp=5_000, tokens_per_second=Fraction(100),
    local_share_bp=6_000, debates_a_month=1_000, tokens_a_debate=10_000, cloud_nanos=15 * DOLLAR,
)


def test_a_month_of_the_machine() -> None:
    assert capacity(GIVEN) == 129_600_000
    assert hardware_a_month(GIVEN) == 100 * DOLLAR
    # 0.1 kW x 720 h = 72 kWh
    assert idle_a_month(GIVEN) == 18 * DOLLAR


def test_the_energy_of_a_token_is_what_working_takes_above_idling() -> None:
    # 400 W for 10 ms = 4 J; 3.6 MJ cost 250,000,000 nanos, so 4 J cost 277.8
    assert energy_a_token(GIVEN) == Fraction(4 * 250_000_000, 3_600_000)


def test_a_million_tokens_of_ones_own() -> None:
    # $118 / 129.6 million tokens = $0.910493827 a million; energy $0.277777778
    assert million_local(GIVEN) == 1_188_271_605


def test_the_debates_from_which_on_it_pays() -> None:
    # a debate has 6,000 tokens that go local; each saves 15,000 - 277.8 nanos: $0.0883333
    # $118 a month / $0.0883333 = 1,335.8
    assert break_even_debates(GIVEN) == 1_336
    assert outcome(replace(GIVEN, debates_a_month=1_335)).saved_nanos < 0
    assert outcome(replace(GIVEN, debates_a_month=1_336)).saved_nanos >= 0


def test_a_month_with_the_users_of_today() -> None:
    found = outcome(GIVEN)
    assert (found.debates, found.local_tokens, found.machines) == (1_000, 6_000_000, 1)
    assert found.cloud_nanos == 90 * DOLLAR
    assert found.hardware_nanos == 100 * DOLLAR
    # 6,000,000 tokens x 277.8 nanos = $1.666667, and idling
    assert found.energy_nanos == 18 * DOLLAR + 1_666_666_667
    assert found.saved_nanos == 90 * DOLLAR - 100 * DOLLAR - 19_666_666_667
    # 60,000 s of 2,592,000
    assert found.busy_bp == 231
    # $3,600 / ($90 - $19.666667) a month
    assert round(float(found.payback_months or 0), 2) == 51.18
    assert not found.is_worth_it


def test_ten_times_the_users() -> None:
    found = outcome(GIVEN, users=10)
    assert (found.debates, found.local_tokens, found.machines) == (10_000, 60_000_000, 1)
    assert found.cloud_nanos == 900 * DOLLAR
    assert found.energy_nanos == 18 * DOLLAR + 16_666_666_667
    # $3,600 / ($900 - $34.666667)
    assert round(float(found.payback_months or 0), 2) == 4.16
    assert found.is_worth_it


def test_more_than_one_machine_can_do_needs_another() -> None:
    assert debates_of_one_machine(GIVEN) == 21_600
    assert outcome(replace(GIVEN, debates_a_month=21_600)).machines == 1
    found = outcome(replace(GIVEN, debates_a_month=21_601))
    assert (found.machines, found.hardware_nanos) == (2, 200 * DOLLAR)


def test_where_the_cloud_is_cheaper_than_the_power_it_never_pays() -> None:
    cheap = replace(GIVEN, cloud_nanos=DOLLAR // 10)
    assert break_even_debates(cheap) is None
    assert outcome(cheap).payback_months is None


def test_nothing_that_goes_local_costs_the_machine_all_the_same() -> None:
    none = replace(GIVEN, local_share_bp=0)
    found = outcome(none)
    assert (found.cloud_nanos, found.saved_nanos) == (0, -118 * DOLLAR)
    assert found.million_nanos is None
    assert found.payback_months is None
    assert break_even_debates(none) is None
    assert debates_of_one_machine(none) is None


def test_what_is_paid_in_all_meets_after_the_months_to_pay_back() -> None:
    months = outcome(GIVEN, users=10).payback_months
    assert months is not None
    before, after = int(months), int(months) + 1
    cloud, own = paid_after(GIVEN, before, users=10)
    assert cloud < own
    cloud, own = paid_after(GIVEN, after, users=10)
    assert cloud >= own
