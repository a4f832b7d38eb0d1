"""Latencies in packed buckets: they merge by addition and stay within 12%."""

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import histograms
from billing.histograms import of_one, pack, percentile, unpack

LATENCIES = st.lists(st.integers(1, 1_500_000), min_size=1, max_size=200)


@given(LATENCIES, st.sampled_from([50, 95, 99]))
def test_a_percentile_is_within_12_percent(latencies: list[int], percent: int) -> None:
    exact = sorted(latencies)[ceil(len(latencies) * percent / 100) - 1]
    found = percentile(sum(map(of_one, latencies)), percent)
    assert found is not None
    assert exact / 1.12 - 1 <= found <= exact * 1.12 + 1


@given(LATENCIES, LATENCIES)
def test_merging_is_addition(one: list[int], other: list[int]) -> None:
    merged = unpack(pack(sum(map(of_one, one)))) + unpack(pack(sum(map(of_one, other))))
    assert merged == sum(map(of_one, one + other))


def test_nothing_measured_is_no_latency() -> None:
    assert percentile(0, 95) is None
    assert unpack(pack(0)) == 0


@pytest.mark.parametrize(("ms", "bucket"), [(0, 0), (1, 0), (2, 6), (10**9, 127)])
def test_the_shortest_and_the_longest_have_a_bucket(ms: int, bucket: int) -> None:
    assert histograms.bucket_of(ms) == bucket
    assert sum(histograms.counts(of_one(ms))) == 1


def test_a_bucket_holds_more_than_a_year_of_calls() -> None:
    assert histograms.counts(of_one(500, 4_000_000_000))[histograms.bucket_of(500)] == 4 * 10**9
