"""The words of the demo: in the right language, of about the right length."""

import json

import pytest

from costcontrol.demo import texts
from routing import tokens
from routing.classify import language_of
from routing.types import ChatRequest, Message

TOPICS = {"ko": "거짓말은 언제나 나쁜가?", "en": "Is lying always wrong?"}


def request(language: str, size: int) -> ChatRequest:
    said = texts.prompt(
        ref="0901-d1-1", kind="attack_response", language=language, topic=TOPICS[language],
        speaker="Kant", tokens=size,
    )
    return ChatRequest(tuple(Message(each["role"], each["content"]) for each in said))


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("size", [280, 640, 1_710])
def test_a_prompt_has_about_the_tokens_that_it_should_have(language: str, size: int) -> None:
    asked = request(language, size)
    counted = sum(tokens.count(message.content) for message in asked.messages)
    assert 0.75 * size < counted < 1.3 * size
    assert language_of(asked) == language


@pytest.mark.parametrize("language", ["ko", "en"])
def test_an_answer_is_in_its_language_and_the_same_for_the_same_start(language: str) -> None:
    def answer(start: int) -> str:
        return texts.answer(
            kind="conclusion", language=language, topic=TOPICS[language], tokens=400, start=start
        )

    assert 0.75 * 400 < tokens.count(answer(1)) < 1.3 * 400
    assert answer(1) == answer(1) != answer(2)
    assert language_of(ChatRequest((Message("user", answer(1)),))) == language


def test_kinds_that_answer_with_data_answer_with_json() -> None:
    said = texts.answer(kind="rag_query", language="ko", topic="?", tokens=120, start=0)
    assert list(json.loads(said)) == ["rag_query"]
