"""The process's own memory of answers."""

from dataclasses import replace

from billing.usage import Usage
from routing.cache.exact import Memory, dumps, fingerprint, loads
from routing.types import ChatRequest, Completion, Message, ModelClass, StopReason

ANSWER = Completion(
    text="Know thyself.", stop_reason=StopReason.STOP, usage=Usage(10, 0, 0, 3),
    deployment="anthropic/claude-opus-5-5", model_class=ModelClass.PREMIUM, call_id="c1",
)
ASKED = ChatRequest((Message("user", "What is virtue?"),))


def test_what_was_put_is_got_until_it_is_too_old() -> None:
    memory = Memory(10_000)
    memory.put("k", ANSWER, ttl_s=60)
    memory.put("old", ANSWER, ttl_s=-1)
    assert memory.get("k") is ANSWER
    assert memory.get("old") is None
    assert memory.get("never") is None


def test_least_recently_used_goes_first() -> None:
    memory = Memory(3_100)
    for key in "abc":
        memory.put(key, ANSWER, ttl_s=60)
    memory.get("a")
    memory.put("d", ANSWER, ttl_s=60)
    assert [key for key in "abcd" if memory.get(key)] == ["a", "c", "d"]


def test_answer_larger_than_the_memory_is_not_kept() -> None:
    memory = Memory(2_000)
    memory.put("k", replace(ANSWER, text="x" * 1_001), ttl_s=60)
    assert memory.get("k") is None
    memory.put("k", replace(ANSWER, text="x" * 1_000), ttl_s=60)
    assert memory.get("k") is not None


def test_room_of_replaced_answers_is_free_again() -> None:
    memory = Memory(3_100)
    memory.put("a", ANSWER, ttl_s=60)
    for _ in range(50):
        memory.put("b", ANSWER, ttl_s=60)
    assert memory.get("a") is ANSWER


def test_answer_survives_its_way_through_valkey() -> None:
    whole = replace(ANSWER, delta={"tool_calls": [{"index": 0}]}, stop_reason=StopReason.LENGTH)
    assert loads(dumps(whole)) == whole


def test_fingerprint_is_the_same_for_a_stream_and_for_nothing_else() -> None:
    same = replace(ASKED, is_stream=True, wants_usage_chunk=True)
    others = [
        replace(ASKED, temperature=0.0), replace(ASKED, max_output_tokens=9),
        replace(ASKED, stop=("a",)), replace(ASKED, extra={"seed": 1}),
        replace(ASKED, model="local"), replace(ASKED, call_kind="closing"),
        replace(ASKED, messages=(Message("system", "What is virtue?"),)),
        replace(ASKED, messages=(*ASKED.messages, *ASKED.messages)),
    ]
    digests = {fingerprint(request) for request in others}
    assert fingerprint(same) == fingerprint(ASKED)
    assert len(digests | {fingerprint(ASKED)}) == len(others) + 1
