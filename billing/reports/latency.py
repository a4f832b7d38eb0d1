"""How long answers took: those of providers and those of the cache apart."""

from billing import histograms
from billing.histograms import Histogram
from billing.measures import CACHE, PROVIDER
from billing.reports.facts import Facts
from billing.reports.shapes import Line, Series, Unit

PERCENTS = (50, 95)


def percentiles(facts: Facts) -> Series:
    """Of complete answers, within 12% of the exact figure. None where nothing was measured."""
    return Series(
        facts.buckets,
        tuple(
            Line(f"{source}.p{percent}", tuple(
                histograms.percentile(facts.latencies.get((number, source), 0), percent)
                for number in range(len(facts.buckets))
            ))
            for source in (PROVIDER, CACHE)
            for percent in PERCENTS
        ),
        Unit.MS,
    )


def of_range(facts: Facts, source: str) -> Histogram:
    return histograms.total(
        histogram for (_, of), histogram in facts.latencies.items() if of == source
    )
