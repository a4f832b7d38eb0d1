"""A sentence is English for the log and the row, and can still be said in the reader's language."""

import asyncio
import copy
import json
import pickle

import pytest
from django.utils import translation

from costcontrol.lib.api import openai_error, openai_error_response
from costcontrol.lib.errors import Unavailable
from costcontrol.lib.sentences import Sentence as _
from costcontrol.lib.sentences import joined, language_of, said, said_to

BUSY = _("%(vendor)s is busy. Try again in a moment.") % {"vendor": "Ollama"}
BUSY_KO = "Ollama에 요청이 몰려 있습니다. 잠시 후 다시 시도하세요."


def test_a_sentence_is_english_text_whatever_language_is_active() -> None:
    with translation.override("ko"):
        said_here = _("%(vendor)s is busy. Try again in a moment.") % {"vendor": "Ollama"}
        assert said_here == "Ollama is busy. Try again in a moment."
        assert f"{said_here}" == json.loads(json.dumps(said_here)) == BUSY


def test_it_is_said_in_the_active_language() -> None:
    assert said(BUSY) == BUSY
    with translation.override("ko"):
        assert said(BUSY) == BUSY_KO


def test_what_it_is_made_of_is_said_in_that_language_too() -> None:
    why = _("set %(name)s") % {"name": "OPENAI_API_KEY"}
    listed = joined([_("%(name)s: %(why)s") % {"name": "openai/x", "why": why}, BUSY])
    whole = _("No model can answer this call. %(listed)s.") % {"listed": listed}
    assert said_to("ko", whole) == (
        "이 호출에 답할 수 있는 모델이 없습니다. "
        f"openai/x: OPENAI_API_KEY 설정 필요; {BUSY_KO}."
    )
    assert whole == (
        "No model can answer this call. openai/x: set OPENAI_API_KEY; "
        "Ollama is busy. Try again in a moment.."
    )


def test_text_that_is_no_sentence_stays_as_it_is() -> None:
    assert said_to("ko", "Not found") == "Not found"


def test_values_with_percent_signs_break_nothing() -> None:
    assert said_to("ko", joined(["100 %", "%(x)s"], between=" % ")) == "100 % % %(x)s"


def test_copies_can_still_be_said() -> None:
    for twin in (copy.deepcopy(BUSY), pickle.loads(pickle.dumps(BUSY))):
        assert (twin, said_to("ko", twin)) == (BUSY, BUSY_KO)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("ko", "ko"),
        ("ko-KR,ko;q=0.9,en-US;q=0.8", "ko"),
        ("en-GB,ko;q=0.5", "en"),
        ("fr,ko;q=0.3", "ko"),
        ("fr", "en"),
        ("*", "en"),
        ("ko;q=nonsense", "en"),
        ("," * 10_000 + "ko", "en"),
    ],
)
def test_the_language_that_the_caller_likes_best(header: str, language: str) -> None:
    assert language_of(header) == language


def test_saying_it_leaves_the_active_language() -> None:
    with translation.override("en"):
        said_to("ko", BUSY)
        assert translation.get_language() == "en"


async def test_callers_of_two_languages_do_not_disturb_each_other() -> None:
    async def told(language: str) -> str:
        for _round in range(50):
            text = said_to(language, BUSY)
            await asyncio.sleep(0)
            assert translation.get_language() == "en"
        return text

    told_all = await asyncio.gather(*(told(language) for language in ("ko", "en") * 20))
    assert told_all == [BUSY_KO, BUSY] * 20


def test_an_error_body_is_in_the_callers_language() -> None:
    error = Unavailable(BUSY)
    assert openai_error(error)["error"]["message"] == BUSY
    assert openai_error(error, accept_language="ko-KR")["error"]["message"] == BUSY_KO
    response = openai_error_response(error, accept_language="ko-KR")
    assert response.headers["Content-Language"] == "ko"
    assert json.loads(response.content)["error"]["message"] == BUSY_KO
