"""How hard a call is and in which language: in words of English and Korean alike."""

import unicodedata
from dataclasses import replace

import pytest

from routing.call_kinds import CALL_KINDS
from routing.classify import classify, detect_language
from routing.types import ChatRequest, Classified, Complexity, Message, Reuse
from tests.routing.matched_pairs import PAIRS

SIMPLE, MEDIUM, COMPLEX = Complexity.SIMPLE, Complexity.MEDIUM, Complexity.COMPLEX
ESSAY = "The sea is grey today and the boats stay in the harbour until noon. " * 40


def ask(*talk: str, system: str = "", **fields: object) -> Classified:
    """Classify a talk in which user and assistant take turns; the user speaks last."""
    roles = ["user" if (len(talk) - turn) % 2 else "assistant" for turn in range(len(talk))]
    messages = [Message(role, text) for role, text in zip(roles, talk, strict=True)]
    if system:
        messages.insert(0, Message("system", system))
    return classify(ChatRequest(messages=tuple(messages), **fields))  # type: ignore[arg-type]


# --- English and Korean -------------------------------------------------------------------


@pytest.mark.parametrize(("label", "english", "korean"), PAIRS)
def test_a_call_lands_in_the_same_class_in_english_and_korean(
    label: str, english: str, korean: str
) -> None:
    assert ask(english).complexity == ask(korean).complexity


@pytest.mark.parametrize("language", ["english", "korean"])
def test_nine_in_ten_calls_land_where_a_person_would_put_them(language: str) -> None:
    hits = [
        label
        for label, english, korean in PAIRS
        if ask(english if language == "english" else korean).complexity == label
    ]
    assert len(hits) / len(PAIRS) >= 0.9


def test_no_complex_call_is_taken_for_a_simple_one() -> None:
    complex_calls = [text for label, *both in PAIRS if label == COMPLEX for text in both]
    assert SIMPLE not in {ask(text).complexity for text in complex_calls}


def test_both_languages_may_stand_in_one_call() -> None:
    assert ask("Redis로 rate limiter를 design하고 실패 모드를 analyze해 줘.").complexity == COMPLEX


def test_decomposed_korean_reads_like_composed_korean() -> None:
    decomposed = unicodedata.normalize("NFD", "소수가 무한히 많음을 증명하라.")
    assert ask(decomposed).complexity == COMPLEX
    assert ask(decomposed).language == "ko"


# --- what decides, in order ---------------------------------------------------------------


def test_what_the_caller_asks_for_comes_first() -> None:
    said = ask("Hello!", complexity=COMPLEX, call_kind="closing")
    assert said.complexity == COMPLEX
    assert said.reason == "the caller asked for complex"


def test_a_known_kind_comes_before_the_words() -> None:
    said = ask("Hello!", call_kind="opening_statement")
    assert (said.complexity, said.reason) == (COMPLEX, "opening_statement is complex")
    assert ask("Prove it step by step.", call_kind="closing").complexity == SIMPLE


def test_a_kind_may_be_easier_where_nobody_else_can_be_given_the_answer() -> None:
    kinds = {
        **CALL_KINDS,
        "opening_statement": replace(
            CALL_KINDS["opening_statement"], complexity_alone=Complexity.MEDIUM
        ),
    }
    alone = ChatRequest((), call_kind="opening_statement", debate_id="d")
    shared = replace(alone, reuse=Reuse({}))
    outside = replace(alone, debate_id="")

    assert classify(alone, kinds=kinds).complexity == Complexity.MEDIUM
    assert classify(shared, kinds=kinds).complexity == Complexity.COMPLEX
    assert classify(outside, kinds=kinds).complexity == Complexity.COMPLEX
    assert classify(alone).complexity == Complexity.COMPLEX  # as shipped


def test_an_unknown_kind_goes_up_not_down() -> None:
    assert ask("Hello!").complexity == SIMPLE
    assert ask("Hello!", call_kind="farewell").complexity == MEDIUM
    assert ask("Prove that 7 is prime.", call_kind="farewell").complexity == COMPLEX


def test_what_shows_nothing_is_medium() -> None:
    said = ask("Bananas on the moon.")
    assert (said.complexity, said.reason) == (MEDIUM, "nothing shows that it is simple or complex")


@pytest.mark.parametrize("text", ["", " ", "\0", "?!", "😀", "\ud800", "ㅋㅋㅋ", "12345"])
def test_a_text_without_words_is_medium(text: str) -> None:
    assert ask(text).complexity == MEDIUM


def test_a_call_without_messages_or_without_a_user_is_medium() -> None:
    assert classify(ChatRequest(messages=())).complexity == MEDIUM
    assert classify(ChatRequest(messages=(Message("assistant", "Hello!"),))).complexity == MEDIUM


def test_the_reason_names_what_was_found() -> None:
    assert ask("Compare Plato with Hume and evaluate both.").reason == (
        "asks for an evaluation and a comparison (2 of 12 signs of a complex call)"
    )
    assert ask("Compare Plato with Hume.").reason == (
        "asks for a comparison (1 of 12 signs of a complex call)"
    )
    assert ask("Hello!").reason == "a greeting of a few words"


# --- one sign, two signs, none ------------------------------------------------------------


def test_one_sign_is_medium_and_two_are_complex() -> None:
    assert ask("Compare Plato with Hume.").complexity == MEDIUM
    assert ask("Compare Plato with Hume and analyze both.").complexity == COMPLEX


def test_a_proof_is_complex_and_a_question_about_proofs_is_not() -> None:
    assert ask("Give a proof that 7 is prime.").complexity == COMPLEX
    assert ask("What is a proof?").complexity == MEDIUM
    assert ask("증명이란 무엇인가요?").complexity == MEDIUM


def test_four_asks_at_once_are_a_sign_and_three_are_not() -> None:
    three = "Summarize it, rebut it and recommend a reading."
    assert "several things" not in ask(three).reason
    assert "several things" in ask(f"{three} Then draft a reply.").reason


def test_a_greeting_before_a_real_question_makes_nothing_simple() -> None:
    assert ask("Hi!").complexity == SIMPLE
    assert ask("Hi! I wonder about my thesis on Hegel, can we talk it over?").complexity == MEDIUM


def test_a_long_text_is_never_simple() -> None:
    assert ask("Translate into Latin: " + "the sky " * 16).complexity == SIMPLE
    assert ask("Translate into Latin: " + "the sky " * 32).complexity == MEDIUM


def test_the_task_is_found_at_either_end_of_a_long_text_but_not_within_it() -> None:
    assert ask(f"Judge this speech. {ESSAY}").complexity == COMPLEX
    assert ask(f"{ESSAY} Judge this speech.").complexity == COMPLEX
    assert ask(f"{ESSAY} They compare, judge and evaluate. {ESSAY}").complexity == MEDIUM


# --- what stands around the last message ----------------------------------------------------


def test_only_the_last_user_message_is_the_task() -> None:
    assert ask("Prove Fermat's little theorem.", "Done.", "Thank you!").complexity == SIMPLE


def test_instructions_decide_when_the_user_text_is_mere_material() -> None:
    assert ask("The boats stay in the harbour.", system="Judge the speech.").complexity == COMPLEX
    assert ask("The boats stay in the harbour.", system="Be kind.").complexity == MEDIUM


def test_a_few_words_under_demanding_instructions_are_not_simple() -> None:
    assert ask("Hello!", system="You are a friendly guide.").complexity == SIMPLE
    assert ask("Hello!", system="Evaluate what the user says.").complexity == MEDIUM


def test_a_few_words_after_a_long_conversation_are_not_simple() -> None:
    assert ask("Hi!", "Hello.", "Thanks!").complexity == SIMPLE
    assert ask(ESSAY, ESSAY, ESSAY, "I see.", "Thanks!").complexity == MEDIUM
    assert ask("덕은 습관이다. " * 400, "네.", "고마워요!").complexity == MEDIUM


def test_a_call_with_tools_is_not_simple() -> None:
    assert ask("What is the capital of Greece?", extra={"tools": []}).complexity == SIMPLE
    assert ask("What is the capital of Greece?", extra={"tools": [{}]}).complexity == MEDIUM


# --- language -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is justice?", "en"),
        ("정의란 무엇인가요?", "ko"),
        ("ㅋㅋㅋ", "ko"),
        ("", "en"),
        ("2 + 2 = 4 😀", "en"),
        ("Qu'est-ce que la justice ?", "en"),  # a script, not a language
        ("正義とは何ですか。", "other"),
        ("什么是正义", "other"),
        ("Что такое справедливость?", "other"),
        ("What does the sign 道 mean?", "en"),
        ("정의(正義)란 무엇인가?", "ko"),
        ("Python으로 rate limiter 만들어 줘", "ko"),
        ("Translate 'virtue' into Korean.", "ko"),
        ("Let Δ be the angle and Ω the side.", "en"),
    ],
)
def test_the_language_is_read_from_the_script(text: str, language: str) -> None:
    assert detect_language(text) == language


def test_a_fifth_of_the_letters_in_hangul_makes_a_text_korean() -> None:
    assert detect_language("abcdefgh 가나") == "ko"  # 2 of 10
    assert detect_language("abcdefghi 가나") == "en"  # 2 of 11


def test_a_korean_ask_around_a_long_english_text_is_korean() -> None:
    assert detect_language(f"다음 글을 요약해 줘: {ESSAY}") == "ko"
    assert detect_language(f"{ESSAY} 이 글을 요약해 줘.") == "ko"


def test_a_word_too_short_to_tell_takes_the_language_of_the_talk() -> None:
    assert ask("정의란 무엇인가요?", "각자에게 그의 몫을 주는 것입니다.", "ok").language == "ko"
    assert ask("What is justice?", "To each his own.", "ok").language == "en"


def test_a_change_of_language_is_followed_at_once() -> None:
    assert ask("What is justice?", "To each his own.", "안녕").language == "ko"
    assert ask("정의란?", "각자의 몫.", "And what is courage then?").language == "en"


def test_instructions_do_not_decide_the_language() -> None:
    assert ask("안녕", system="You are a helpful guide to philosophy. " * 9).language == "ko"
    assert ask("Hello", system="당신은 친절한 안내자입니다. " * 9).language == "en"


@pytest.mark.parametrize(
    ("said", "language"),
    [("ko", "ko"), ("KO-kr", "ko"), ("en", "en"), ("ja", "ja"), ("", "en"), ("Klingon!", "en")],
)
def test_the_callers_word_for_the_language_counts_if_it_is_a_code(said: str, language: str) -> None:
    assert ask("What is justice?", language=said).language == language
