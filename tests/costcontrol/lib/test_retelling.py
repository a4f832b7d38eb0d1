"""Reasons of rows are English text; pages say them in their own language."""

import pytest
from django.conf import settings
from django.utils import translation

from costcontrol.catalogues.extract import of_code, python_files
from costcontrol.lib.retelling import VALUE, recognised
from costcontrol.lib.sentences import Sentence, said


def retold(text: str) -> str:
    with translation.override("ko"):
        return said(recognised(text))


def test_a_recorded_reason_is_said_in_korean_with_all_of_its_parts() -> None:
    reason = (
        "No model can answer this call. openai/x: set OPENAI_API_KEY; "
        "embedded/y: it does not speak ko."
    )
    assert retold(reason) == (
        "이 호출에 답할 수 있는 모델이 없습니다. openai/x: OPENAI_API_KEY 설정 필요; "
        "embedded/y: 지원하지 않는 언어입니다(ko)."
    )


def test_a_limit_is_said_in_korean() -> None:
    until = "2026-11-26T00:00:00+09:00"
    reason = (
        f"Limit reached: 5 of 5 debates until {until}. "
        "Cached answers and calls in debates still work."
    )
    assert retold(reason) == (
        f"한도에 도달했습니다: 토론 5건 중 5건({until}까지). "
        "저장된 답변과 토론 안의 호출은 계속 쓸 수 있습니다."
    )


def test_what_an_upstream_said_stays_as_it_said_it() -> None:
    assert retold("OpenAI refused this call: max_tokens is too large") == (
        "OpenAI에서 이 호출을 거부했습니다: max_tokens is too large"
    )


@pytest.mark.parametrize("text", ["", "no such words of ours, %(name)s", "x" * 5_000])
def test_text_that_is_not_ours_stays(text: str) -> None:
    assert retold(text) == text


@pytest.mark.parametrize("count", ["1.2.3", ".", "9" * 400])
def test_what_only_looks_like_a_number_stays(count: str) -> None:
    text = f"Ollama failed (status {count}). Try again."
    assert retold(text) == text


def gateway_sentences() -> list[str]:
    """What has a context is a label of a page."""
    sources = [path.read_text() for path in python_files(settings.BASE_DIR)]
    of_gateway = [source for source in sources if "Sentence as _" in source]
    messages = [message for source in of_gateway for message in of_code(source, "")]
    return sorted({message.msgid for message in messages if not message.context})


@pytest.mark.parametrize("msgid", gateway_sentences())
def test_every_sentence_of_the_gateway_is_recognised(msgid: str) -> None:
    values = {name: 7 if kind != "s" else "Name" for name, kind in VALUE.findall(msgid)}
    values |= {"until": " until tomorrow"} if "until" in values else {}
    text = str(Sentence(msgid, values or None))
    if sum(letter.isalpha() for letter in VALUE.sub("", msgid)) >= 3:
        again = recognised(text)
        assert isinstance(again, Sentence)
        assert again == text
