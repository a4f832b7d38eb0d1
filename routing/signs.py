"""The signs by which a call without a kind is judged: every idea in English and Korean words.

Both languages stand side by side, so that the same call lands in the same class in either.
English words match whole and phrases word by word ("step-by-step" reads as "step by step");
Korean stems match anywhere, since endings vary ("증명하라", "증명해 줘") and stems do not.
"""

import re
import unicodedata
from dataclasses import dataclass

ENGLISH_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
HANGUL = re.compile("[가-힣]")
CODE_MARKS = ("```", "#include", "select * from", "();", "def __")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A text made ready for matching, once for all ideas. Empty where it has no such letters."""

    words: frozenset[str]
    sentence: str  # the English words, with one space around each
    korean: str


@dataclass(frozen=True, slots=True)
class Idea:
    """One thing that a text may ask for. `says` completes "asks for …"."""

    says: str
    words: frozenset[str]
    phrases: tuple[str, ...]
    stems: tuple[str, ...]
    points: int = 1

    def is_in(self, prepared: Prepared) -> bool:
        return (
            not self.words.isdisjoint(prepared.words)
            or any(phrase in prepared.sentence for phrase in self.phrases)
            or any(stem in prepared.korean for stem in self.stems)
        )


def prepare(text: str) -> Prepared:
    lowered = unicodedata.normalize("NFC", text).lower().replace("’", "'")
    words = ENGLISH_WORD.findall(lowered)
    if any(mark in lowered for mark in CODE_MARKS):
        words.append("code")
    return Prepared(
        words=frozenset(words),
        sentence=f" {' '.join(words)} ",
        korean=lowered if HANGUL.search(lowered) else "",
    )


def idea(says: str, english: str, korean: str, *, points: int = 1) -> Idea:
    terms = english.split(", ")
    return Idea(
        says=says,
        words=frozenset(term for term in terms if " " not in term),
        phrases=tuple(f" {term} " for term in terms if " " in term),
        stems=tuple(korean.split(", ")),
        points=points,
    )


# Signs of a complex call. Two points make one; a proof, a verdict or a whole statement is enough.
COMPLEX_SIGNS = (
    idea(
        "a proof",
        "prove, proves, proving, proofs, derive, derivation, theorem, lemma, axioms, formalize, "
        "formalise, formally, a proof, the proof, this proof, rigorous proof, proof that, proof by",
        "증명, 유도하, 유도해, 도출, 형식적으로, 형식화, 공리에, 공리로, 정리를 세",
        points=2,
    ),
    idea(
        "a verdict",
        "judge, adjudicate, verdict, who won, the winner, a winner, score both, score each, "
        "score this, score the, grade this, grade the, rate the, rate this, rate each, rate both",
        "심판, 판정, 평결, 승자, 이겼는지, 점수를, 점수로, 채점, 평점",
        points=2,
    ),
    idea(
        "a whole statement",
        "opening statement, opening speech, opening for, closing argument, closing statement, "
        "final statement, concluding statement, core arguments, core argument, character card, "
        "persona card",
        "입론, 최종 변론, 최종 발언, 최종 진술, 마무리 변론, 결론 발언, 핵심 논거, 핵심 논증, "
        "인물 카드, 캐릭터 카드",
        points=2,
    ),
    idea(
        "reasoning step by step",
        "step by step, think carefully, reason through, chain of thought, show your work, "
        "show your reasoning, work through",
        "단계별로, 단계적으로, 차근차근, 한 단계씩, 풀이 과정, 사고 과정",
    ),
    idea(
        "an evaluation",
        "evaluate, evaluates, evaluating, evaluation, assess, assesses, assessment, critique, "
        "criticize, criticise, critically, weigh, weighs, weighing, justify, appraise",
        "평가, 비판하, 비판해, 비판적, 저울질, 정당화, 따져 보, 따져보, 검토하, 검토해",
    ),
    idea(
        "a comparison",
        "compare, compares, comparing, comparison, contrast, trade off, trade offs, tradeoff, "
        "tradeoffs, pros and cons, strengths and weaknesses, advantages and disadvantages",
        "비교, 대조, 장단점, 절충, 강점과 약점, 장점과 단점, 찬반 양론",
    ),
    idea(
        "an analysis",
        "analyze, analyse, analyzes, analyzing, analysing, analysis, diagnose, root cause, "
        "failure modes, investigate, crux, implications",
        "분석, 진단하, 진단해, 근본 원인, 실패 모드, 쟁점, 함의",
    ),
    idea(
        "a design",
        "design, designs, designing, architect, architecture, implement, implementation, optimize, "
        "optimise, refactor, strategy, roadmap, business plan",
        "설계, 아키텍처, 구현, 최적화, 리팩터, 리팩토링, 전략, 로드맵, 사업 계획",
    ),
    idea(
        "code",
        "code, python, javascript, typescript, java, rust, sql, regex, algorithm, function, "
        "compiler, kubernetes, docker, api, unit test, unit tests, stack trace, def, async, golang",
        "코드, 파이썬, 자바, 러스트, 정규식, 정규 표현식, 알고리즘, 함수, 컴파일러, 쿠버네티스, "
        "도커, 단위 테스트, 스택 트레이스",
    ),
    idea(
        "a calculation",
        "calculate, compute, solve, equation, integral, derivative, probability, eigenvalue, "
        "matrix, polynomial",
        "계산하, 계산해, 풀어라, 풀어 줘, 방정식, 적분, 미분, 도함수, 확률, 고유값, 행렬, 다항식",
    ),
)

# What a call may ask a model to do. Several in one text are a sign of a complex call.
ASKS = (
    idea("explain", "explain, describe, clarify, elaborate", "설명, 묘사, 서술"),
    idea("summarise", "summarize, summarise, summary, recap", "요약, 정리해, 정리하"),
    idea("identify", "identify, find, extract, point out", "밝히, 밝혀, 찾아, 추출, 짚어"),
    idea("compare", "compare, contrast", "비교, 대조"),
    idea("evaluate", "evaluate, assess, weigh, criticize, criticise", "평가, 저울질, 비판"),
    idea("decide", "decide, choose, recommend, conclude", "결정, 선택, 권고, 추천, 결론"),
    idea("attack", "attack, rebut, refute, challenge, object", "공격, 반박, 논박"),
    idea("defend", "defend, support, justify", "옹호, 방어, 변호, 정당화"),
    idea("answer", "reply, respond, answer", "답하, 답해, 응답, 대답"),
    idea("write", "write, draft, compose", "작성, 써 줘, 써줘, 쓰라"),
    idea("analyse", "analyze, analyse", "분석"),
    idea("design", "design, propose, outline, plan", "설계, 제안, 개요, 계획"),
    idea("test", "verify, check, test, validate", "검증, 점검, 확인하, 시험하"),
    idea("score", "score, rate, grade, rank", "점수, 채점, 평점, 순위"),
)
MANY_ASKS = 4

# A short call with one of these wants thought: it is not simple, though not complex either.
THOUGHT = idea(
    "some thought",
    "why, should, ought, best, worst, strongest, better, difference, differences, relationship, "
    "opinion, argue, argument, arguments, claim, view, moral, morally, ethical, permissible, "
    "acceptable, justified, if, explain, describe, summarize, summarise, summary, how do, "
    "how does, how did, how can, how could, how to, right to, wrong to, meaning of life, point of, "
    "write a, write an, write me, write the, draft, compose, plan, propose, attack, rebut, "
    "refute, defend",
    "왜 , 왜?, 어째서, 해야, 돼야, 되어야, 여야 , 가장, 최고, 최선, 더 잘, 차이, 의견, 논증, 논거, "
    "주장, 견해, 도덕, 윤리, 허용, 정당한, 정당화, 옳은, 옳은가, 그른, 다면, 설명, 묘사, 요약, "
    "어떻게 하, 어떻게 되, 어떻게 해, 할 수 있을, 인생의 의미, 삶의 의미, 작성, 써 줘, 써줘, "
    "계획, 제안하, 공격, 반박, 옹호",
)

# What makes a short call simple. Being short alone shows nothing.
GREETING = idea(
    "a greeting",
    "hello, hi, hey, greetings, thanks, bye, goodbye, good morning, good afternoon, good evening, "
    "good night, how are you, thank you, nice to meet you",
    "안녕, 반가워, 반갑습니다, 고마워, 고맙습니다, 감사합니다, 감사해요, 좋은 아침, 좋은 저녁, "
    "잘 지내, 잘 자, 만나서 반",
)
LOOKUP = idea(
    "a look-up",
    "what's, who's, define, definition, what is, what are, what was, what were, what does, who is, "
    "who was, who were, who wrote, when is, when was, when did, where is, where was, where did, "
    "where are, which year, what year, which language, what language, how many, how old, "
    "yes or no, true or false",
    "무엇인가, 무엇입니까, 무엇이, 뭐야, 뭔가요, 뭐예요, 뭐지, 누구인, 누구였, 누구야, 누구예, "
    "누구지, 누가 썼, 누가 쓴, 언제 , 언제인, 언제였, 언제야, 어디에, 어디서, 어디인, 어디야, "
    "어디였, 몇 년, 몇 살, 몇 명, 몇 개, 무슨 뜻, 뜻이, 뜻은, 정의해, 정의하라, 예 또는 아니, "
    "참 또는 거짓, 얼마인, 얼마예, 얼마야, 어떤 언어, 어느 언어",
)
SMALL_TASK = idea(
    "a small task",
    "translate, translation, spelling, spell, proofread, rephrase, paraphrase, rename, list, "
    "synonym, synonyms, antonym, capitalize, convert, introduce, thank, pick, choose, select, "
    "correct the, correct this, correct my, name the, name a, name two, name three, "
    "close the debate, hand over, hand the floor, in one sentence, in one word, a title",
    "번역, 맞춤법, 철자, 고쳐 줘, 고쳐줘, 고쳐라, 교정, 바꿔, 나열, 이름을 말, 이름을 대, 동의어, "
    "비슷한 말, 반대말, 변환, 소개, 감사, 골라, 고르, 선택해, 선택하, 토론을 마쳐, 토론을 끝, "
    "넘겨, 한 문장으로, 한 단어로, 제목을",
)
