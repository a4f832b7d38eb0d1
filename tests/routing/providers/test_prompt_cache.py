"""Prefixes that are worth keeping, as the vendors' own APIs are told of them."""

from typing import Any

import pytest
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from pydantic import TypeAdapter

from billing.usage import Usage
from routing.providers import close_all
from routing.providers.anthropic import messages_body
from routing.providers.openai import chat_body
from routing.providers.prompt_cache import anthropic_least, marked, takes_marks
from routing.types import Message
from tests.routing.providers.asking import ask, call_of, deployment
from tests.upstreams.metered import running_metered
from tests.upstreams.prefixes import Prefixes

OFFICIAL = "https://api.openai.com/v1"
RULES = Message("system", "Rules. " * 60)
BRIEF = Message("user", "Brief. " * 320, is_prefix_end=True)
SAID = Message("user", "Said. " * 600, is_prefix_end=True)
TASK = Message("user", "Speak.")
PROMPT = (RULES, BRIEF, SAID, TASK)
MARK = {"type": "ephemeral"}
BREAK = {"mode": "explicit"}


def anthropic_body(*messages: Message, model: str = "claude-opus-5-5") -> dict[str, Any]:
    spec = deployment("anthropic", "http://127.0.0.1:9", model=model)
    return messages_body(call_of(spec, messages=messages))


def openai_body(
    *messages: Message, model: str = "gpt-6.1-sol", address: str = OFFICIAL, **request: Any
) -> dict[str, Any]:
    spec = deployment("openai", address, model=model)
    return chat_body(call_of(spec, messages=messages, **request), base_url=address)


def test_anthropic_keeps_blocks_of_their_own_up_to_the_marks() -> None:
    body = anthropic_body(*PROMPT)
    assert body["system"] == [{"type": "text", "text": RULES.content}]
    assert body["messages"] == [{"role": "user", "content": [
        {"type": "text", "text": BRIEF.content, "cache_control": MARK},
        {"type": "text", "text": SAID.content, "cache_control": MARK},
        {"type": "text", "text": "Speak."},
    ]}]


def test_without_marks_anthropic_is_sent_plain_text() -> None:
    body = anthropic_body(RULES, Message("user", "a"), Message("user", "b"))
    assert body["system"] == RULES.content
    assert body["messages"] == [{"role": "user", "content": "a\n\nb"}]


def test_other_roles_keep_their_turns() -> None:
    body = anthropic_body(RULES, BRIEF, Message("assistant", "Yes."), TASK)
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]
    assert body["messages"][1]["content"] == [{"type": "text", "text": "Yes."}]


@pytest.mark.parametrize(
    ("model", "least"),
    [
        ("claude-opus-5-5", 512), ("claude-opus-5", 512), ("claude-fable-5-1", 512),
        ("claude-sonnet-5-5", 512), ("claude-sonnet-5", 1_024), ("claude-sonnet-4-6", 1_024),
        ("claude-opus-4-8", 1_024), ("claude-opus-4-7", 2_048), ("claude-opus-4-6", 4_096),
        ("claude-haiku-4-5", 4_096), ("claude-haiku-5-5-20261001", 4_096), ("something", 1_024),
    ],
)
def test_a_prefix_that_is_too_short_for_the_model_is_not_marked(model: str, least: int) -> None:
    assert anthropic_least(model) == least
    short = Message("user", "x" * (3 * least - 1), is_prefix_end=True)
    enough = Message("user", "x" * (3 * least), is_prefix_end=True)
    assert isinstance(anthropic_body(short, TASK, model=model)["messages"][0]["content"], str)
    [turn] = anthropic_body(enough, TASK, model=model)["messages"]
    assert turn["content"][0]["cache_control"] == MARK


def test_at_most_four_are_marked_the_last_ones() -> None:
    messages = [Message("user", "x" * 9_000, is_prefix_end=True) for _ in range(6)]
    assert marked(messages, least=1_024) == frozenset({2, 3, 4, 5})
    assert str(anthropic_body(*messages)).count("cache_control") == 4


@pytest.mark.parametrize(
    ("model", "may"),
    [
        ("gpt-6-luna", True), ("gpt-6.1-sol", True), ("gpt-5.6-terra", True), ("gpt-10", True),
        ("gpt-5.5", False), ("gpt-5-mini", False), ("gpt-4o", False), ("gpt-4.1", False),
        ("o3", False), ("my-gpt-6", False),
    ],
)
def test_which_of_openais_models_take_marks(model: str, may: bool) -> None:
    assert takes_marks(model) is may


def test_openai_keeps_what_is_marked_and_nothing_else() -> None:
    body = openai_body(*PROMPT, debate_id="d1", is_part=True)
    assert body["prompt_cache_options"] == {"mode": "explicit"}
    assert body["messages"] == [
        {"role": "system", "content": RULES.content},
        {"role": "user", "content": BRIEF.content},  # too short
        {"role": "user", "content": [
            {"type": "text", "text": SAID.content, "prompt_cache_breakpoint": BREAK}
        ]},
        {"role": "user", "content": "Speak."},
    ]


def test_a_turn_that_nobody_follows_writes_nothing_at_openai() -> None:
    """By default the whole prompt would be written, for a quarter more than it costs to read."""
    body = openai_body(RULES, TASK, debate_id="d1", is_part=True)
    assert body["prompt_cache_options"] == {"mode": "explicit"}
    assert "prompt_cache_breakpoint" not in str(body["messages"])


def test_calls_of_one_debate_have_one_key_that_tells_nothing() -> None:
    keys = [
        openai_body(*PROMPT, debate_id=debate, model=model)["prompt_cache_key"]
        for debate, model in (("d1", "gpt-6-luna"), ("d1", "gpt-4o"), ("Kim's debate", "gpt-4o"))
    ]
    assert keys[0] == keys[1] != keys[2]
    assert "Kim" not in keys[2]
    assert len(keys[2]) <= 64


def test_older_models_get_the_key_only() -> None:
    body = openai_body(*PROMPT, debate_id="d1", is_part=True, model="gpt-5.5")
    assert "prompt_cache_options" not in body
    assert all(isinstance(message["content"], str) for message in body["messages"])


def test_what_clients_of_the_gateway_send_is_theirs_to_decide() -> None:
    plain = openai_body(Message("user", "Hello."))
    assert "prompt_cache" not in str(plain)
    wish = {"prompt_cache_key": "mine", "prompt_cache_options": {"mode": "implicit"}}
    body = openai_body(*PROMPT, debate_id="d1", is_part=True, extra=wish)
    assert {name: body[name] for name in wish} == wish
    assert "prompt_cache_breakpoint" not in str(body)


def test_other_servers_are_told_nothing_and_get_turns_that_alternate() -> None:
    body = openai_body(*PROMPT, debate_id="d1", is_part=True, address="http://127.0.0.1:9/v1")
    assert "prompt_cache" not in str(body)
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert body["messages"][1]["content"].endswith("Said. \nSpeak.")


def test_the_bodies_are_the_vendors_own_shapes() -> None:
    TypeAdapter(MessageCreateParamsNonStreaming).validate_python(
        anthropic_body(*PROMPT), strict=True
    )
    TypeAdapter(CompletionCreateParamsNonStreaming).validate_python(
        openai_body(*PROMPT, debate_id="d1", is_part=True)
    )


@pytest.mark.parametrize("is_stream", [False, True])
async def test_what_was_written_is_read_by_the_next_call_and_counted_apart(
    is_stream: bool,
) -> None:
    now = [0.0]
    with running_metered() as upstream:
        upstream.prefixes = Prefixes(clock=lambda: now[0])
        spec = deployment("anthropic", upstream.url, model="claude-opus-5-5")
        longer = (RULES, BRIEF, SAID, Message("user", "More. " * 50, is_prefix_end=True), TASK)
        usages = []
        for at, messages in ((0, PROMPT), (200, longer), (450, longer), (800, longer)):
            now[0] = at
            chunks = await ask(spec, messages=messages, is_stream=is_stream)
            usages.append(chunks[-1].usage)
        await close_all()
    first, second, third, late = usages
    assert (first.cache_read_tokens, second.cache_read_tokens) == (0, first.cache_write_tokens)
    assert 0 < second.cache_write_tokens < 100
    assert third.cache_read_tokens == second.cache_read_tokens + second.cache_write_tokens
    assert third.cache_write_tokens == 0
    assert late.cache_read_tokens == 0, "forgotten five minutes after its last use"
    assert {usage.fresh_input_tokens for usage in usages} == {first.fresh_input_tokens}


def used(prefixes: Prefixes, body: dict[str, Any]) -> Usage:
    counts = prefixes.usage("openai", body)
    return Usage(counts["fresh"], counts["read"], counts["written"])


def test_without_our_marks_openai_would_write_each_whole_prompt_and_read_none() -> None:
    """Why calls of a turn set the mode: the default mark stands on the last, changing message."""
    prefixes = Prefixes(clock=lambda: 0.0)
    tasks = [Message("user", f"Task {n}.") for n in range(3)]
    plain = [
        openai_body(*PROMPT[:3], task, debate_id="d", extra={"prompt_cache_options": {}})
        for task in tasks
    ]
    ours = [openai_body(*PROMPT[:3], task, debate_id="d", is_part=True) for task in tasks]
    wasted, saved = ([used(prefixes, body) for body in bodies] for bodies in (plain, ours))
    assert [usage.cache_read_tokens for usage in wasted] == [0, 0, 0]
    assert all(usage.cache_write_tokens for usage in wasted)
    assert [bool(usage.cache_read_tokens) for usage in saved] == [False, True, True]
    assert [bool(usage.cache_write_tokens) for usage in saved] == [True, False, False]
