"""How plans, limits and amounts are called on the customer's pages."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.types import TierRules
from billing.models import Metric
from costcontrol import formats

HYBRID, CLOUD = "hybrid", "cloud"


def limit_title(metric: str) -> str:
    return {
        Metric.DEBATES: _("Debates"),
        Metric.REQUESTS: _("Single calls outside debates"),
        Metric.USD: _("Model costs"),
        Metric.CONCURRENT: _("Calls at the same time"),
    }[Metric(metric)]


def amount(metric: str, number: int) -> str:
    """`3 debates`, `120 calls`, `$0.25`."""
    if metric == Metric.USD:
        return formats.money(number)
    values = {"count": formats.count(number)}
    if metric == Metric.DEBATES:
        return ngettext("%(count)s debate", "%(count)s debates", number) % values
    return ngettext("%(count)s call", "%(count)s calls", number) % values


def included(tier: TierRules) -> Iterator[str]:
    """What a plan includes, one sentence each, what matters most first."""
    yield _debates(tier)
    yield sources(tier)
    yield _calls(tier)
    if tier.requests_per_minute is not None:
        yield ngettext(
            "Up to %(count)s call a minute", "Up to %(count)s calls a minute",
            tier.requests_per_minute,
        ) % {"count": formats.count(tier.requests_per_minute)}
    if tier.concurrent_calls is not None:
        yield ngettext(
            "Up to %(count)s call at the same time", "Up to %(count)s calls at the same time",
            tier.concurrent_calls,
        ) % {"count": formats.count(tier.concurrent_calls)}


def _debates(tier: TierRules) -> str:
    if tier.debates_per_day is None:
        return _("As many debates as you like")
    return ngettext(
        "%(count)s debate a day", "%(count)s debates a day", tier.debates_per_day
    ) % {"count": formats.count(tier.debates_per_day)}


def sources(tier: TierRules) -> str:
    """Where its answers come from."""
    if tier.route_mode == CLOUD:
        return _("Answers from the best cloud models, first of all")
    if tier.route_mode == HYBRID:
        return _("Answers from local models, and from the best cloud models where it matters")
    return _("Answers from local models and from stored answers")


def _calls(tier: TierRules) -> str:
    if tier.requests_per_day is None:
        return _("As many single calls outside debates as you like")
    return ngettext(
        "%(count)s single call a day outside debates",
        "%(count)s single calls a day outside debates", tier.requests_per_day,
    ) % {"count": formats.count(tier.requests_per_day)}


def differences(now: TierRules, then: TierRules) -> list[tuple[str, str]]:
    """Pairs of what is included now and what will be, where they differ."""
    pairs = zip(_comparable(now), _comparable(then), strict=True)
    return [(before, after) for before, after in pairs if before != after]


def _comparable(tier: TierRules) -> list[str]:
    per_minute, at_once = tier.requests_per_minute, tier.concurrent_calls
    no_limit = pgettext("a plan", "no limit")
    return [
        _debates(tier), sources(tier), _calls(tier),
        _("Calls a minute: %(count)s")
        % {"count": no_limit if per_minute is None else formats.count(per_minute)},
        _("Calls at the same time: %(count)s")
        % {"count": no_limit if at_once is None else formats.count(at_once)},
    ]


def interval(name: str) -> str:
    return _("a year") if name == "year" else _("a month")


def per(name: str) -> str:
    """What stands behind a price; Korean writes it otherwise than in front of one."""
    if name == "year":
        return pgettext("behind a price", "a year")
    return pgettext("behind a price", "a month")


def price(amount_minor: int, currency: str, every: str) -> str:
    """`$19.00 a month`."""
    return _("%(amount)s %(interval)s") % {
        "amount": formats.minor(amount_minor, currency), "interval": interval(every),
    }


def is_web(url: str) -> bool:
    """What is linked comes from outside: no `javascript:` ever."""
    return url.startswith(("https://", "http://"))
