"""Why a call went where it went, from what policy and attempts wrote down."""

from typing import Any
from uuid import uuid4

import pytest

from billing.reports.call import AttemptReport, CallReport
from costcontrol.lib.errors import Unavailable
from routing.attempts import Attempts, Work
from routing.policy import choose
from routing.reasons import parse, source_of, why
from routing.types import ChatRequest, Message
from tests.billing.test_price_lines import NOON, attempt
from tests.routing.calls import call_of
from tests.routing.test_policy import PREMIUM, situation


def report(*attempts: AttemptReport, **facts: Any) -> CallReport:
    usual: dict[str, Any] = {
        "call_id": uuid4(), "at": NOON, "user_id": 1, "user": "alice@example.org",
        "key_prefix": "abcd1234", "tier": "hybrid", "debate_id": "", "call_kind": "",
        "complexity": "medium", "language": "en", "requested_model": "auto", "reservations": (),
    }
    return CallReport(**usual | facts, attempts=attempts)


def answered(reason: str, **columns: Any) -> AttemptReport:
    usual = {
        "outcome": "complete", "deployment": "openai/gpt-6-luna", "model_class": "economy",
        "is_economy": False, "cache_layer": "",
    }
    return attempt(reason=reason, **usual | columns)


def test_what_policy_writes_is_read_back() -> None:
    plan = choose(situation(language="ko", problems={"mid": "its circuit is open"}))
    reason = parse(plan.reason)
    assert reason.head.startswith("medium (a test) on hybrid (hybrid): ")
    assert reason.classes[0] == "economy"
    plan = choose(situation(complexity="complex", problems={"premium": "its circuit is open"}))
    (left,) = parse(plan.reason).left
    assert (left.deployment, left.why, left.is_tried) == ("premium", "its circuit is open", False)


def test_what_attempts_write_is_read_back() -> None:
    call = call_of(ChatRequest((Message("user", "What is virtue?"),)))
    attempts = Attempts(call, Work(call.id))
    attempts._leave(PREMIUM, Unavailable("The provider is busy."))
    (left,) = parse(attempts.call.plan.reason).left
    assert (left.deployment, left.why, left.is_tried) == ("premium", "The provider is busy.", True)


def test_usual_call_says_how_hard_it_is_where_it_may_go_and_who_took_it() -> None:
    reason = "medium (nothing shows that it is complex) on hybrid (hybrid): economy > local"
    (sentence,) = why(report(answered(reason)))
    assert sentence == (
        "Judged by its words, this call is medium. On the plan “hybrid” such a call may go to "
        "these classes, in this order: economy, local. openai/gpt-6-luna (economy) was the first "
        "model that could take it."
    )


@pytest.mark.parametrize(
    ("reason", "facts", "said"),
    [
        ("complex (rebuttal is complex) on p (hybrid): premium", {"call_kind": "opening_statement",
         "complexity": "complex"}, "A call of the kind “opening_statement” counts as complex."),
        ("simple (the caller asked for simple) on p (hybrid): local", {"complexity": "simple"},
         "The caller said that this call is simple."),
        ("openai/gpt-6-luna was asked for by name", {},
         "The call asked for the model openai/gpt-6-luna by its name."),
        ("mid was asked for", {"requested_model": "mid"},
         "The call asked for a model of the class “mid”."),
    ],
)
def test_what_decided_is_said_first(reason: str, facts: dict[str, Any], said: str) -> None:
    assert why(report(answered(reason), **facts))[0].startswith(said)


def test_economy_mode_is_named() -> None:
    reason = "medium (x) on p (hybrid), economy mode: a budget passed its soft limit: local"
    text = why(report(answered(reason, is_economy=True)))[0]
    assert "economy mode chose cheaper routes" in text
    assert "in this order: local." in text


def test_who_was_passed_over_and_who_failed_are_told_apart() -> None:
    reason = "medium (x) on p (hybrid): mid; not a/b: it does not speak ko; left c/d: Too slow."
    assert why(report(answered(reason)))[1:] == (
        "a/b was passed over: it does not speak ko.",
        "c/d came first, but did not answer: Too slow.",
    )


@pytest.mark.parametrize(
    ("outcome", "said"),
    [("incomplete", "cut off"), ("cancelled", "hung up"), ("failed", "no other is recorded yet")],
)
def test_an_end_that_is_no_answer_is_said(outcome: str, said: str) -> None:
    assert said in why(report(answered("a was asked for by name", outcome=outcome)))[-1]


@pytest.mark.parametrize(("layer", "said"), [("exact", "asked exactly this"), ("shared", "moment")])
def test_cached_answer_names_the_call_it_came_from(layer: str, said: str) -> None:
    source = uuid4()
    reason = f"the same question: answered by call {source}"
    hit = answered(reason, outcome="cached", cache_layer=layer)
    assert said in why(report(hit))[0]
    assert source_of(hit) == source


def test_a_call_that_a_stored_answer_made_superfluous_says_so() -> None:
    spared = answered(
        "not needed: stored answer 41", outcome="cached", cache_layer="pattern", deployment=""
    )
    assert why(report(spared))[0].startswith(
        "Nothing had to be found out here: what would have read it is stored answer 41."
    )


def test_refusal_before_any_model() -> None:
    refused = attempt(outcome="refused", reason="The debates of today are used up.", attempt=0)
    assert why(report(refused)) == (
        "This call was refused before any model was asked: The debates of today are used up.",
    )


def test_refusal_after_all_have_failed() -> None:
    reason = "medium (x) on p (hybrid): mid; not a/b: it does not speak ko"
    tried = answered(reason, outcome="failed")
    refused = attempt(outcome="refused", attempt=0, reason="medium (x): mid | They are failing.")
    assert why(report(tried, refused)) == (
        "No model could answer this call: They are failing.",
        "a/b was passed over: it does not speak ko.",
    )


def test_names_may_have_a_tag() -> None:
    reason = "medium on p (hybrid): local > mid; not ollama/gemma3:4b: Ollama does not answer"
    parsed = parse(f"{reason}; left ollama/qwen3:8b: Too slow.")
    assert parsed.classes == ("local", "mid")
    assert [one.deployment for one in parsed.left] == ["ollama/gemma3:4b", "ollama/qwen3:8b"]
    assert [one.why for one in parsed.left] == ["Ollama does not answer", "Too slow."]


@pytest.mark.parametrize("reason", ["", "; not", "x; not a", ": > ", " | ", "<b>"])
def test_reason_of_another_form_breaks_nothing(reason: str) -> None:
    for outcome in ("complete", "refused", "cached", "failed"):
        assert why(report(answered(reason, outcome=outcome)))


def test_an_answer_that_was_made_ahead_was_asked_for_by_nobody() -> None:
    made = why(report(answered("made ahead in a batch, in run 7")))
    assert made == (
        "Nobody asked for it: it was made ahead in a batch at half the price, in run 7. Savings "
        "are told after what such answers cost.",
    )
    lost = why(report(answered("made ahead in a batch, in run 7", outcome="failed")))
    assert lost[1].startswith("Nothing came of it")


def test_vectors_were_asked_for_by_nobody() -> None:
    (made,) = why(report(answered(""), call_kind="embedding"))
    assert made.startswith("Nobody asked for it: openai/gpt-6-luna was asked which questions")
    lost = why(report(answered("", outcome="failed"), call_kind="embedding"))
    assert lost == (made, "That attempt failed, and no other is recorded yet.")
