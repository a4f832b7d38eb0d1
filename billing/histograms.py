"""Latencies counted in buckets that grow by 12%, packed in one integer: merging is addition.

Bucket k holds latencies of [1.12^k, 1.12^(k+1)) ms in 32 bits. 128 buckets reach 33 minutes; what
is longer counts in the last one. A percentile is within 12% of the exact one.
"""

from bisect import bisect_right
from collections.abc import Iterable
from math import ceil

GROWTH = 1.12
BUCKETS = 128
BITS = 32
MASK = (1 << BITS) - 1
EDGES = tuple(GROWTH**k for k in range(BUCKETS + 1))

Histogram = int


def bucket_of(ms: int) -> int:
    return min(BUCKETS - 1, max(0, bisect_right(EDGES, ms) - 1))


def of_one(ms: int, count: int = 1) -> Histogram:
    return count << (BITS * bucket_of(ms))


def pack(histogram: Histogram) -> bytes:
    """Little-endian, without the empty buckets at the end."""
    return histogram.to_bytes((histogram.bit_length() + 7) // 8, "little")


def unpack(packed: bytes | memoryview) -> Histogram:
    return int.from_bytes(packed, "little")


def total(histograms: Iterable[Histogram]) -> Histogram:
    return sum(histograms)


def counts(histogram: Histogram) -> list[int]:
    return [(histogram >> (BITS * k)) & MASK for k in range(BUCKETS)]


def percentile(histogram: Histogram, percent: int) -> int | None:
    """In ms, interpolated inside its bucket. None: nothing was measured."""
    filled = counts(histogram)
    rank = ceil(sum(filled) * percent / 100)  # the rank-th shortest
    below = 0
    for k, count in enumerate(filled):
        if count and below + count >= rank:
            return round(float(EDGES[k] * GROWTH ** ((rank - below - 0.5) / count)))
        below += count
    return None
