"""What the layout of the prompts saves: the bars it has to clear, on the prices of the book.

The debates are samples: real prompts around speeches of filler as long as the workload model says.
"""

from functools import cache

import pytest

from billing.price_book import read_book
from billing.prices import Price, PriceTable
from routing.call_kinds import CALL_KINDS
from routing.debates.prompt_costs import (
    WINDOW_TOKENS,
    Call,
    Route,
    job_calls,
    sent,
    shared_percent,
    turn_calls,
    window_nanos,
)
from routing.debates.prompt_sample import sample_of
from routing.providers.anthropic import messages_body
from routing.providers.openai import chat_body
from routing.types import ChatRequest, DeploymentSpec, ModelClass, ProviderCall
from tests.upstreams.prefixes import Prefixes

DEBATES = [("ko", "2v2"), ("ko", "1v1"), ("en", "2v2"), ("en", "1v1")]
CLAUDE = {"simple": "claude-haiku-5-5", "medium": "claude-haiku-5-5", "complex": "claude-opus-5-5"}
GPT = {"simple": "gpt-6-luna", "medium": "gpt-6-luna", "complex": "gpt-6.1-sol"}
MIXED = [  # as the routing table sends calls of hybrid and cloud tiers to one vendor's models
    ("anthropic", CLAUDE), ("openai", GPT),
    ("anthropic", CLAUDE | {"medium": "claude-sonnet-5-5"}),
    ("openai", GPT | {"medium": "gpt-6.1-terra"}),
]
BASELINE = ("anthropic", dict.fromkeys(CLAUDE, "claude-opus-5-5"))


@cache
def turns(language: str, format: str) -> list[Call]:
    return turn_calls(sample_of(language, format))


@cache
def prices() -> PriceTable:
    names = ("provider", "model", "processing", "min_input_tokens", "fresh_input", "cache_read",
             "cache_write", "output", "search_usd")
    rows = [row.price for row in read_book()]
    return PriceTable.of(
        Price(id=at, **{name: getattr(row, name) for name in names}) for at, row in enumerate(rows)
    )


def deployment(provider: str, model: str) -> DeploymentSpec:
    factor = 1.5 if provider == "anthropic" else 1.0
    return DeploymentSpec(
        f"{provider}/{model}", provider, model, ModelClass.MID, token_factor=factor,
        base_url="https://api.openai.com/v1" if provider == "openai" else "",
    )


def route_of(provider: str, models: dict[str, str]) -> Route:
    return lambda kind: deployment(provider, models[CALL_KINDS[kind].complexity])


def nanos(calls: list[Call], route: Route) -> int:
    return sum(each.nanos for each in sent(calls, route, prices()))


@pytest.mark.parametrize(("language", "format"), DEBATES)
def test_at_least_70_percent_of_the_input_of_turns_is_a_shared_prefix(
    language: str, format: str
) -> None:
    assert shared_percent(turns(language, format)) >= 70


@pytest.mark.parametrize(("provider", "models"), [BASELINE, *MIXED])
def test_a_korean_debate_of_four_costs_less_input_than_with_a_window_of_three_messages(
    provider: str, models: dict[str, str]
) -> None:
    calls, route = turns("ko", "2v2"), route_of(provider, models)
    assert nanos(calls, route) < window_nanos(calls, route, prices())


@pytest.mark.parametrize(("provider", "models"), [BASELINE, *MIXED])
@pytest.mark.parametrize(("language", "format"), DEBATES)
def test_it_costs_less_than_our_own_texts_with_such_a_window(
    language: str, format: str, provider: str, models: dict[str, str]
) -> None:
    cut, route = turn_calls(sample_of(language, format), window=3), route_of(provider, models)
    assert nanos(turns(language, format), route) < nanos(cut, route)


@pytest.mark.parametrize(("language", "format"), DEBATES)
def test_and_no_turn_sees_less_than_through_the_window(language: str, format: str) -> None:
    cut = turn_calls(sample_of(language, format), window=3)
    openings = [call for call in cut if call.kind == "opening_statement"]
    for ours, theirs in zip(turns(language, format), cut, strict=True):
        seen = {m.content for m in ours.messages if m.content.startswith("<said")}
        through_window = {m.content for m in theirs.messages if m.content.startswith("<said")}
        assert seen >= through_window
        before = 0 if ours.kind in ("moderator_intro", "opening_statement") else len(openings)
        assert ours.lines >= min(3, before), "beside the moderator's welcome"


def test_the_window_is_that_of_the_workload_model() -> None:
    """A debate of four has 29,400 input tokens in its turns there, of 52,395 in all its calls."""
    assert sum(WINDOW_TOKENS[call.kind] for call in turns("ko", "2v2")) == 29_400
    jobs = job_calls(sample_of("ko", "2v2"))
    assert sum(WINDOW_TOKENS[call.kind] for call in jobs) == 52_395 - 29_400
    assert sum(call.tokens for call in jobs) < 52_395 - 29_400, "nor do those read more"


@pytest.mark.parametrize(("provider", "models"), [BASELINE, *MIXED])
@pytest.mark.parametrize(("language", "format"), DEBATES)
def test_keeping_never_costs_more_than_it_returns(
    language: str, format: str, provider: str, models: dict[str, str]
) -> None:
    """On each model by itself: what was written there was worth it there."""
    spent: dict[str, int] = {}
    for each in sent(turns(language, format), route_of(provider, models), prices()):
        spent[each.deployment.model] = spent.get(each.deployment.model, 0) + each.saved
    assert all(saved >= 0 for saved in spent.values()), spent
    assert sum(spent.values()) > 0


def test_what_is_written_is_read_later() -> None:
    """The last to write on a model is followed by one that reads it."""
    for provider, models in (BASELINE, *MIXED):
        done = sent(turns("ko", "2v2"), route_of(provider, models), prices())
        for model in set(models.values()):
            own = [each.usage for each in done if each.deployment.model == model]
            for at, usage in enumerate(own):
                if usage.cache_write_tokens:
                    assert any(later.cache_read_tokens for later in own[at + 1 :])


@pytest.mark.parametrize(
    ("provider", "model"), [("anthropic", "claude-opus-5-5"), ("openai", "gpt-6.1-sol")]
)
def test_the_simulated_upstreams_read_and_write_in_the_same_calls(
    provider: str, model: str
) -> None:
    """Two models of the vendors' rules, one made from the bodies that are really sent."""
    now = [0.0]
    prefixes = Prefixes(clock=lambda: now[0])
    spec = deployment(provider, model)
    for each in sent(turns("ko", "2v2"), lambda _kind: spec, prices()):
        request = ChatRequest(each.call.messages, debate_id="d", is_part=True)
        call = ProviderCall(request, spec, max_output_tokens=64)
        is_claude = provider == "anthropic"
        body = messages_body(call) if is_claude else chat_body(call, base_url=spec.base_url)
        now[0] = each.call.at_s
        theirs = prefixes.usage(provider, body)
        assert bool(theirs["read"]) == bool(each.usage.cache_read_tokens), each.call.kind
        assert bool(theirs["written"]) == bool(each.usage.cache_write_tokens), each.call.kind
        share = (each.usage.cache_read_tokens or 0) / each.usage.input_tokens
        assert theirs["read"] / sum(theirs.values()) == pytest.approx(share, abs=0.05)
