"""Token estimates: never below what is billed, and close."""

import pytest

from costcontrol.lib.errors import BadRequest
from routing import tokens
from routing.types import ChatRequest, DeploymentSpec, Message, ModelClass

BENCH = "Socrates, what is justice? " * 17 + "x"
TURN = (
    "As Kant, reply to Nietzsche: is morality a symptom of resentment? Attack his genealogy, "
    "defend the categorical imperative, and end with one question for him. "
)
TOOL = {
    "type": "function",
    "function": {
        "name": "find_quote",
        "description": "Find a quotation of a philosopher.",
        "parameters": {"type": "object", "properties": {"name": {"type": "string"}}},
    },
}


def deployment(provider: str = "openai", factor: float = 1.0) -> DeploymentSpec:
    return DeploymentSpec(
        name="any/model", provider=provider, model="model", model_class=ModelClass.MID,
        token_factor=factor,
    )


def call(*texts: str, system: str = "", **fields: object) -> ChatRequest:
    messages = [Message("user" if i % 2 == 0 else "assistant", t) for i, t in enumerate(texts)]
    if system:
        messages.insert(0, Message("system", system))
    return ChatRequest(messages=tuple(messages), **fields)  # type: ignore[arg-type]


# --- counting -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("Hello", 1),
        ("What is justice?", 4),
        (BENCH, 121),
        ("정의란 무엇인가요?", 7),
        ("a" * 1_000, 125),
    ],
)
def test_a_text_counts_as_in_the_public_vocabulary(text: str, count: int) -> None:
    assert tokens.count(text) == count


def test_words_that_look_like_control_tokens_are_plain_text() -> None:
    assert tokens.count("<|endoftext|>") == 7


def test_half_a_character_is_counted_as_the_replacement_that_will_be_sent() -> None:
    assert tokens.count("\ud800") == tokens.count("\ufffd")


@pytest.mark.parametrize("text", ["\0", "a", " ", "\n", "가", "😀", "𠀀", "1"])
def test_a_million_of_anything_is_counted(text: str) -> None:
    assert 0 < tokens.count(text * 1_000_000) <= 1_000_000 * len(text.encode())


def test_a_long_text_is_counted_whole() -> None:
    assert tokens.count(" What is justice?" * 100_000) == 400_000


# --- the input of a call --------------------------------------------------------------------


def test_a_call_costs_its_text_and_the_documented_chat_format() -> None:
    assert tokens.estimate_input(call(BENCH), deployment()) == 121 + 4 + 3
    assert tokens.estimate_input(call("Hello", "Hello", "Hello"), deployment()) == 3 * (1 + 4) + 3


def test_the_factor_of_the_deployment_rounds_up() -> None:
    assert tokens.estimate_input(call(BENCH), deployment(factor=1.5)) == 192  # 128 x 1.5
    assert tokens.estimate_input(call(BENCH), deployment(factor=1.501)) == 193


def test_binary_fractions_add_no_token() -> None:
    assert tokens.scaled(100, 1.1) == 110
    assert tokens.scaled(100, 1.101) == 111


def test_tools_and_schemas_are_input_and_other_parameters_are_not() -> None:
    plain = tokens.estimate_input(call("Hello"), deployment())
    with_seed = call("Hello", extra={"seed": 7, "user": "bob"})
    with_tool = call("Hello", extra={"tools": [TOOL], "seed": 7})
    with_schema = call("Hello", extra={"response_format": {"type": "json_object"}})
    assert tokens.estimate_input(with_seed, deployment()) == plain
    assert tokens.estimate_input(with_tool, deployment()) > plain + 40
    assert tokens.estimate_input(with_schema, deployment()) > plain


def test_anthropic_bills_a_prompt_of_its_own_for_tools() -> None:
    request = call("Hello", extra={"tools": [TOOL]})
    more = tokens.estimate_input(request, deployment("anthropic"))
    assert more - tokens.estimate_input(request, deployment("openai")) == 530


def test_what_a_message_carries_beside_its_text_is_input() -> None:
    calls = [{"id": "1", "function": {"name": "find_quote", "arguments": '{"name": "Kant"}'}}]
    with_calls = ChatRequest(messages=(Message("assistant", "", {"tool_calls": calls}),))
    without = ChatRequest(messages=(Message("assistant", ""),))
    difference = tokens.estimate_input(with_calls, deployment()) - tokens.estimate_input(
        without, deployment()
    )
    assert difference > 20


def test_a_parameter_nested_beyond_reason_is_refused() -> None:
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(BadRequest, match="nested too deeply"):
        tokens.estimate_input(call("Hello", extra={"tools": nested}), deployment())


@pytest.mark.parametrize(
    ("request_", "billed"),
    [  # prompt tokens that the built-in model's server reported
        (call("Hi"), 31),
        (call(BENCH), 134),
        (call(TURN * 3), 124),
        (call("def f(x):\n    return [y**2 for y in range(x) if y % 2]\n\n" * 3), 107),
        (call("Justice is fairness.", system="Justice is fairness."), 24),
        (call(*["Justice is fairness."] * 3), 56),
        (call(*["Justice is fairness."] * 5, system="Justice is fairness."), 66),
    ],
)
def test_an_estimate_for_the_built_in_model_is_never_below_its_bill(
    request_: ChatRequest, billed: int
) -> None:
    estimate = tokens.estimate_input(request_, deployment("embedded", factor=1.3))
    assert billed <= estimate <= 1.5 * billed + 12


# --- output and bound -----------------------------------------------------------------------


def test_a_text_that_arrived_is_estimated_with_the_factor_and_no_overhead() -> None:
    assert tokens.estimate_output("What is justice?", deployment(factor=1.5)) == 6
    assert tokens.estimate_output("", deployment(factor=1.5)) == 0


@pytest.mark.parametrize(
    "request_",
    [
        call(""),
        call(BENCH),
        call("정의란 무엇인가요? " * 50, system="철학자로 답하라."),
        call("😀" * 50),
        call("\ud800"),
        call("Hello", extra={"tools": [TOOL]}),
        ChatRequest(messages=()),
    ],
)
@pytest.mark.parametrize("provider", ["openai", "anthropic", "embedded", "ollama"])
def test_the_safe_bound_is_above_every_estimate(request_: ChatRequest, provider: str) -> None:
    assert tokens.safe_bound(request_) > tokens.estimate_input(request_, deployment(provider))


def test_the_safe_bound_counts_bytes() -> None:
    assert tokens.safe_bound(call("가")) - tokens.safe_bound(call("")) == 3
