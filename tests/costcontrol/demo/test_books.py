"""The simulated providers' books: what they answer, and what they bill for it."""

from typing import Any

from costcontrol.demo.books import Books, Order, Sale

PLANNED = ["attack_response", "ko", "거짓말은 나쁜가?", 1_100, 512, 120, ""]
REF = "0901-d1-7"


def books(**changes: Any) -> Books:
    made = Books()
    made.plan("0", {REF: [*PLANNED[:-1], changes.get("fault", "")]})
    return made


def body(model: str, text: str = f"Be fair. [ref {REF}]", **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "system", "content": text}], **more}


def order(model: str, *, vendor: str = "openai", **more: Any) -> Order:
    return books().order(vendor, body(model, **more))


def test_openai_reads_the_shared_beginning_from_its_cache_and_bills_it_cheaper() -> None:
    sale = order("gpt-6.1-terra").sale
    assert (sale.input_tokens, sale.cached_tokens, sale.output_tokens) == (1_100, 512, 120)
    assert sale.bill_nanos == 588 * 1_000 + 512 * 50 + 120 * 5_000


def test_anthropic_caches_nothing_unasked() -> None:
    asked = {"model": "claude-opus-5-5", "system": f"[ref {REF}]", "messages": []}
    sale = books().order("anthropic", asked).sale
    assert sale.cached_tokens == 0
    assert sale.bill_nanos == 1_100 * 4_000 + 120 * 20_000


def test_an_answer_is_no_longer_than_it_may_be() -> None:
    cut = order("qwen3-8b", max_tokens=50)
    assert cut.said.is_length
    assert cut.sale.output_tokens == 50
    assert not order("qwen3-8b", max_tokens=120).said.is_length


def test_an_error_reply_costs_nothing_and_the_next_attempt_is_answered() -> None:
    made = books(fault="529")
    first, second = (made.order("openai", body("gpt-6-luna")).sale for _ in range(2))
    assert (first.status, first.bill_nanos) == (503, 0)
    assert (second.status, second.bill_nanos > 0) == (200, True)
    assert [Sale(*fields) for fields in made.drain("0")] == [first, second]
    assert made.drain("0") == []


def test_the_same_attempt_takes_as_long_each_time() -> None:
    assert order("gpt-6-luna").sale == order("gpt-6-luna").sale
    assert order("gpt-6-luna", stream=True).sale.first_ms < order("gpt-6-luna").sale.first_ms


def test_a_question_that_nobody_planned_says_that_its_answer_is_simulated() -> None:
    made = Books()
    live = made.order("openai", body("gpt-6-luna", "사회 정의란 무엇인가요?"))
    assert live.is_live
    assert live.said.text.startswith("(모델이 아니라")
    assert made.order("openai", body("gpt-6-luna", "Justice?")).said.text.startswith("(A simulated")
    assert made.drain("0") == []
