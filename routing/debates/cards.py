"""What is written about a philosopher, for each language: what it must have and how much it may.

Prompts pay for every token of a card in every call of a turn, so all of it is short.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from costcontrol.lib.sentences import Sentence as _
from routing.debates.errors import PhilosopherInvalid
from routing.debates.types import LANGUAGES
from routing.models import Philosopher

NAME_CHARACTERS = 80
TEXTS: Mapping[str, int] = {  # and the most characters of each
    "essence": 200, "style": 200, "personality": 120, "quote": 200, "speech": 200,
}
MAX_TRAITS, TRAIT_CHARACTERS = 5, 36
MAX_STRATEGIES = 8
JOINER = "\u200d"

# Ways of arguing, as prompts call them.
STRATEGIES: Mapping[str, Mapping[str, str]] = {
    "analogy": {"ko": "비유", "en": "analogy"},
    "appeal_to_conscience": {"ko": "양심에 호소", "en": "appeal to conscience"},
    "authority_of_experience": {"ko": "경험에서 말하기", "en": "speaking from experience"},
    "counterexample": {"ko": "반례", "en": "counterexample"},
    "definition": {"ko": "정의 세우기", "en": "definition"},
    "distinction": {"ko": "구별", "en": "distinction"},
    "example": {"ko": "사례", "en": "example"},
    "genealogy": {"ko": "유래 캐기", "en": "tracing origins"},
    "irony": {"ko": "반어", "en": "irony"},
    "lived_situation": {"ko": "실제 처지로 끌어오기", "en": "lived situation"},
    "material_analysis": {"ko": "이해관계 분석", "en": "analysis of interests"},
    "ordinary_use": {"ko": "말의 쓰임 살피기", "en": "ordinary use of words"},
    "parable": {"ko": "우화", "en": "parable"},
    "paradox": {"ko": "역설", "en": "paradox"},
    "questioning": {"ko": "되묻기", "en": "questioning"},
    "reductio": {"ko": "귀류", "en": "reduction to absurdity"},
    "reframing": {"ko": "물음 바꾸기", "en": "reframing the question"},
    "synthesis": {"ko": "종합", "en": "synthesis"},
    "thought_experiment": {"ko": "사고 실험", "en": "thought experiment"},
    "universalization": {"ko": "보편화 시험", "en": "what if everyone did"},
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A philosopher before it is a row. A language that is not in `cards` is not written."""

    names: Mapping[str, str]
    cards: Mapping[str, Mapping[str, Any]]
    strategies: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Philosopher) -> "Draft":
        written = {code: row.card[code] for code in LANGUAGES if row.card.get(code)}
        names = {"ko": row.name_ko, "en": row.name_en}
        return cls(names, written, row.card.get("strategies", {}))

    @property
    def columns(self) -> dict[str, Any]:
        """Of the row. A name that is missing in one language is the other's."""
        known = next(name for code in LANGUAGES if (name := self.names.get(code)))
        names = {f"name_{code}": self.names.get(code) or known for code in LANGUAGES}
        return names | {"card": {**self.cards, "strategies": dict(self.strategies)}}


def checked(draft: Draft) -> Draft:
    """On single lines, within all limits. Raises PhilosopherInvalid."""
    cards = {code: _card(code, draft.cards[code]) for code in LANGUAGES if draft.cards.get(code)}
    if not cards:
        raise PhilosopherInvalid(
            _("Describe the philosopher in Korean (“ko”) or in English (“en”), or in both."),
            param="cards",
        )
    names = {
        code: _text(draft.names.get(code, ""), f"name.{code}", NAME_CHARACTERS)
        for code in LANGUAGES
    }
    if not any(names.values()):
        raise PhilosopherInvalid(_("Give the philosopher a name."), param="name")
    return Draft(names, cards, _strategies(draft.strategies))


def _card(code: str, card: Mapping[str, Any]) -> dict[str, Any]:
    place = f"cards.{code}"
    texts = {
        name: _text(card.get(name, ""), f"{place}.{name}", limit) for name, limit in TEXTS.items()
    }
    if not texts["essence"]:
        raise PhilosopherInvalid(
            _("“%(field)s” is empty. Say in a sentence or two what the philosopher holds.")
            % {"field": f"{place}.essence"},
            param=f"{place}.essence",
        )
    return texts | {"traits": _traits(card.get("traits", ()), f"{place}.traits")}


def _traits(traits: Sequence[str], place: str) -> list[str]:
    kept = [trait for each in traits if (trait := _text(each, place, TRAIT_CHARACTERS))]
    if len(kept) > MAX_TRAITS:
        raise PhilosopherInvalid(
            _("“%(field)s” has %(count)d entries, and %(limit)d is the most. Leave some out.")
            % {"field": place, "count": len(kept), "limit": MAX_TRAITS},
            param=place,
        )
    return kept


def _text(text: str, place: str, limit: int) -> str:
    cleaned = one_line(text)
    if len(cleaned) > limit:
        raise PhilosopherInvalid(
            _("“%(field)s” has %(count)d characters, and %(limit)d is the most. Shorten it.")
            % {"field": place, "count": len(cleaned), "limit": limit},
            param=place,
        )
    return cleaned


def one_line(text: str) -> str:
    """Without line breaks and control characters: a card is no place to imitate a prompt."""
    visible = "".join(" " if is_unseen(sign) else sign for sign in text)
    return " ".join(visible.split())


def is_unseen(sign: str) -> bool:
    """Control characters, halves of pairs, marks that turn the direction of a text; not what joins
    several emoji into one."""
    return unicodedata.category(sign) in ("Cc", "Cf", "Cs") and sign != JOINER


def _strategies(weights: Mapping[str, float]) -> dict[str, float]:
    if unknown := sorted(set(weights) - set(STRATEGIES)):
        raise PhilosopherInvalid(
            _("There is no way of arguing “%(name)s”. Use some of: %(names)s.")
            % {"name": unknown[0][:40], "names": ", ".join(STRATEGIES)},
            param="strategies",
        )
    if len(weights) > MAX_STRATEGIES or not all(0 < each <= 1 for each in weights.values()):
        raise PhilosopherInvalid(
            _("Choose at most %(limit)d ways of arguing, each with a weight above 0 and up to 1.")
            % {"limit": MAX_STRATEGIES},
            param="strategies",
        )
    return {name: round(float(weight), 2) for name, weight in weights.items()}
