"""What is asked and answered: plausible debate sentences in Korean and English, of a given length.

Written for the demo. Prompts have about the tokens that the workload names, so that what is held
for them is as much as it would be in life.
"""

import json
from collections.abc import Mapping
from functools import cache
from zlib import crc32

CHARACTERS_A_TOKEN = {"ko": 1.75, "en": 4.7}
AS_JSON = frozenset({
    "core_arguments", "rag_query", "quality_check", "opening_analysis", "tone_select",
    "turn_analysis", "user_turn_analysis", "character_card",
})  # fmt: skip

SENTENCES: Mapping[str, tuple[str, ...]] = {
    "en": (
        "The question “{topic}” looks simple until we ask who bears the cost of each answer.",
        "Let us begin with the people whom the rule would touch first, not with the rule.",
        "My opponent speaks of outcomes, but an outcome is only as good as the means we grant.",
        "If we accept this principle once, we must be ready to accept it on our worst day too.",
        "History offers a warning here: what was meant as an exception became the habit.",
        "I do not deny the harm; I deny that it is the only thing on the scale.",
        "Consider the nurse on a night shift, who decides long before any theory arrives.",
        "Freedom without the means to use it is a word on paper, and paper burns easily.",
        "The argument proves too much: by the same steps we could justify its opposite.",
        "A promise made under pressure still tells us what both sides feared to lose.",
        "What we owe to strangers cannot be nothing, or the word “owe” has no meaning.",
        "Reason asks for one standard, and we keep two whenever the second is convenient.",
        "Grant me this much: a person is not a sum that we may settle by addition.",
        "The burden of proof lies with the side that wants to take something away.",
        "Even so, the strongest form of the other view deserves an answer, and here is mine.",
        "We learn what a virtue is by watching it fail, and by asking what was missing.",
        "On “{topic}” the honest position is narrower than either side would like.",
        "Where evidence ends, custom begins to speak, and custom is not always wise.",
        "It is one thing to forgive a deed and quite another to write it into law.",
        "Let the listener judge which of us has left the harder case out of the speech.",
    ),
    "ko": (
        "“{topic}”라는 물음은 그 대가를 누가 치르는지 묻기 전까지만 단순해 보입니다.",
        "규칙보다 먼저, 그 규칙이 가장 먼저 닿을 사람들에게서 시작해 봅시다.",
        "상대는 결과를 말하지만, 결과는 우리가 허락한 수단만큼만 정당합니다.",
        "이 원칙을 한 번 받아들인다면 가장 나쁜 날에도 받아들일 준비가 되어 있어야 합니다.",
        "역사는 여기서 경고합니다. 예외로 시작된 것이 어느새 습관이 되었습니다.",
        "저는 그 피해를 부정하지 않습니다. 다만 저울 위에 그것만 있는 것은 아닙니다.",
        "이론이 도착하기 훨씬 전에 이미 결정을 내려야 하는 야간의 간호사를 떠올려 보십시오.",
        "쓸 수 있는 수단이 없는 자유는 종이 위의 낱말이고, 종이는 쉽게 탑니다.",
        "그 논증은 너무 많은 것을 증명합니다. 같은 걸음으로 정반대도 정당화할 수 있으니까요.",
        "압박 속에서 한 약속이라도 양쪽이 무엇을 잃기 두려워했는지는 말해 줍니다.",
        "낯선 이에게 지는 빚이 전혀 없다면, 빚이라는 말 자체가 뜻을 잃습니다.",
        "이성은 하나의 기준을 요구하지만, 우리는 편할 때마다 두 번째 기준을 꺼냅니다.",
        "이것만은 인정해 주십시오. 사람은 덧셈으로 정리할 수 있는 합계가 아닙니다.",
        "무언가를 빼앗으려는 쪽이 먼저 그 까닭을 증명해야 합니다.",
        "그럼에도 상대의 가장 강한 주장에는 답할 가치가 있고, 제 답은 이렇습니다.",
        "덕이 무엇인지는 그것이 무너질 때, 그리고 무엇이 모자랐는지 물을 때 배웁니다.",
        "“{topic}”에 대한 정직한 입장은 어느 쪽이 바라는 것보다도 좁습니다.",
        "증거가 끝나는 곳에서 관습이 말하기 시작하지만, 관습이 늘 지혜로운 것은 아닙니다.",
        "어떤 행위를 용서하는 일과 그것을 법으로 적는 일은 전혀 다른 일입니다.",
        "더 어려운 경우를 빼놓은 쪽이 누구인지는 듣는 분들께서 판단해 주십시오.",
    ),
}
TASKS: Mapping[str, str] = {
    "en": "Debate on “{topic}”. You speak as {speaker}. Task: {kind}. Answer in English.",
    "ko": "“{topic}” 토론입니다. 당신은 {speaker}입니다. 할 일: {kind}. 한국어로 답하십시오.",
}
RULES: Mapping[str, str] = {
    "en": "You take part in a philosophers' debate. Be fair, be brief, stay in your role.",
    "ko": "당신은 철학자들의 토론에 참여합니다. 공정하고 간결하게, 역할에 맞게 말하십시오.",
}
MARK = "[ref {ref}]"


def prompt(
    *, ref: str, kind: str, language: str, topic: str, speaker: str, tokens: int
) -> list[dict[str, str]]:
    """The messages of one call. The reference tells the simulated provider which call it is."""
    task = TASKS[language].format(topic=topic, speaker=speaker, kind=kind.replace("_", " "))
    size = round(tokens * CHARACTERS_A_TOKEN[language]) - len(task) - len(RULES[language]) - 30
    material = essay(topic, language=language, characters=size, start=crc32(ref.encode()))
    return [
        {"role": "system", "content": f"{RULES[language]} {MARK.format(ref=ref)}"},
        {"role": "user", "content": f"{material}\n\n{task}" if material else task},
    ]


def answer(*, kind: str, language: str, topic: str, tokens: int, start: int) -> str:
    size = round(tokens * CHARACTERS_A_TOKEN[language])
    text = essay(topic, language=language, characters=size, start=start)
    if kind not in AS_JSON:
        return text
    return json.dumps({kind: text.split("\n")}, ensure_ascii=False)


def essay(topic: str, *, language: str, characters: int, start: int) -> str:
    """So many characters of sentences, whole words at the end."""
    if characters <= 0:
        return ""
    sentences = _filled(topic, language)
    parts, size, place = [], 0, start
    while size < characters:
        sentence = sentences[place % len(sentences)]
        parts.append(sentence)
        size += len(sentence) + 1
        place += 7  # coprime with their number: each once, in an order of its own
    return "\n".join(parts)[:characters].rsplit(" ", 1)[0]


@cache
def _filled(topic: str, language: str) -> tuple[str, ...]:
    return tuple(sentence.format(topic=topic) for sentence in SENTENCES[language])
