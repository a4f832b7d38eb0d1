"""What the simulated providers were asked, what they answered, and what they bill for it.

They have a price list of their own, so that a test can compare two bills: theirs and the product's.
"""

import re
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from zlib import crc32

from costcontrol.demo import debating, durations, faults, speeches, texts
from costcontrol.demo.faults import Fate
from costcontrol.demo.wire import Said

# Nanos a token: (input, input from the prompt cache, output).
PRICES = {
    "qwen3-8b": (0, 0, 0),
    "claude-haiku-5-5": (100, 10, 500),
    "gpt-6-luna": (100, 10, 500),
    "claude-sonnet-5-5": (2_000, 100, 10_000),
    "gpt-6.1-terra": (1_000, 50, 5_000),
    "claude-opus-5-5": (4_000, 200, 20_000),
    "gpt-6.1-sol": (2_000, 100, 10_000),
}
REF = re.compile(r"\[ref ([\w-]+)\]")
HANGUL = re.compile("[가-힣]")
LIVE_TOKENS = 90  # of an answer that no script planned
LIVE_TEXT = {"en": "(A simulated answer: no model was asked.)",
             "ko": "(모델이 아니라 시뮬레이터가 만든 답입니다.)"}
OURS_TO_CACHE = "openai"  # it caches long prompts by itself; Anthropic only where it is told to


@dataclass(frozen=True, slots=True)
class Planned:
    """What the script says about one question."""

    kind: str
    language: str
    topic: str
    input_tokens: int
    prefix_tokens: int
    output_tokens: int
    fault: str


@dataclass(frozen=True, slots=True)
class Sale:
    """One request that arrived, and the bill of its whole answer: nothing for an error reply."""

    ref: str
    vendor: str
    model: str
    status: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    bill_nanos: int
    first_ms: int
    whole_ms: int


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be sent for one request."""

    said: Said
    fate: Fate
    sale: Sale
    is_live: bool  # nobody planned it: answer as slowly as a real model


@dataclass(slots=True)
class Page:
    plan: dict[str, Planned] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    sales: list[Sale] = field(default_factory=list)


class Books:
    """One page for each player, who plans and fetches for itself."""

    def __init__(self) -> None:
        self._pages: dict[str, Page] = defaultdict(Page)
        self._shared = 0

    def plan(self, player: str, questions: dict[str, list[Any]]) -> None:
        """The questions of its next day. Those of the day before are forgotten."""
        page = self._pages[player]
        page.plan = {ref: Planned(*fields) for ref, fields in questions.items()}
        page.asked.clear()

    def drain(self, player: str) -> list[list[Any]]:
        page = self._pages[player]
        sales, page.sales = page.sales, []
        return [list(asdict(sale).values()) for sale in sales]

    def _page_of(self, ref: str) -> "Page":
        return next((page for page in self._pages.values() if ref in page.plan), Page())

    def order(self, vendor: str, body: dict[str, Any]) -> Order:
        prompt = _prompt(body)
        found = REF.search(prompt)
        ref = found[1] if found else ""
        page = self._page_of(ref)
        planned, attempt = page.plan.get(ref), page.asked[ref]
        page.asked[ref] += 1
        fate = faults.fate(planned.fault, attempt=attempt, vendor=vendor) if planned else Fate()
        asked = None if planned else debating.asked(prompt)
        if asked:
            self._shared += asked.is_shared
            salt = self._shared if asked.is_shared else 0
            said = _debated(body, replace(asked, salt=salt), prompt)
        else:
            said = _said(vendor, body, planned or _unplanned(prompt), key=f"{ref} {attempt}")
        sale = _sale(vendor, said, fate, ref=ref, key=f"{ref} {attempt}")
        if not body.get("stream"):  # all of it comes at once
            sale = replace(sale, first_ms=sale.whole_ms)
        if planned:  # nobody would ever fetch the others
            page.sales.append(sale)
        return Order(said, fate, sale, is_live=planned is None)


def _prompt(body: dict[str, Any]) -> str:
    parts = [_text(body.get("system") or "")]
    parts += [_text(message.get("content")) for message in body.get("messages", ())]
    return "\n".join(parts)


def _text(content: Any) -> str:
    """Some texts come in blocks, for what a vendor is to remember of them."""
    blocks = content if isinstance(content, list) else [content]
    return "\n".join(
        str(block.get("text", "")) if isinstance(block, dict) else str(block) for block in blocks
    )


def _size(text: str, language: str) -> int:
    """In tokens, about."""
    return round(len(text) / texts.CHARACTERS_A_TOKEN[language]) + 4


def _unplanned(prompt: str) -> Planned:
    """Of a test call or the playground: a short answer in the language of the question."""
    language = "ko" if HANGUL.search(prompt) else "en"
    tokens = _size(prompt, language)
    return Planned("", language, prompt.strip()[-60:], tokens, 0, LIVE_TOKENS, "")


def _debated(body: dict[str, Any], asked: debating.Asked, prompt: str) -> Said:
    """A turn of a debate that people watch, or a call behind its scenes."""
    text, language = speeches.speech(asked), asked.language
    wanted, cap = _size(text, language), _cap(body)
    if wanted > cap:
        text = text[: round(cap * texts.CHARACTERS_A_TOKEN[language])]
    return Said(
        str(body.get("model")), text, _size(prompt, language), 0, min(wanted, cap),
        is_length=wanted > cap,
    )


def _cap(body: dict[str, Any]) -> int:
    return int(body.get("max_tokens") or body.get("max_completion_tokens") or 10**6)


def _said(vendor: str, body: dict[str, Any], planned: Planned, *, key: str) -> Said:
    output = min(planned.output_tokens, _cap(body))
    text = texts.answer(
        kind=planned.kind, language=planned.language, topic=planned.topic, tokens=output,
        start=crc32(key.encode()),
    )
    if not planned.kind:
        text = f"{LIVE_TEXT[planned.language]}\n{text}"
    cached = planned.prefix_tokens if vendor == OURS_TO_CACHE else 0
    return Said(
        str(body.get("model")), text, planned.input_tokens, cached, output,
        is_length=output < planned.output_tokens,
    )


def _sale(vendor: str, said: Said, fate: Fate, *, ref: str, key: str) -> Sale:
    if fate.status != 200:
        taken = durations.refused(fate.status, key=key)
        return Sale(
            ref, vendor, said.model, fate.status, 0, 0, 0, 0, taken.first_ms, taken.whole_ms
        )
    taken = durations.answered(
        said.model, key=key, input_tokens=said.input_tokens, output_tokens=said.output_tokens,
        is_slow=fate.is_slow,
    )
    return Sale(
        ref, vendor, said.model, 200, said.input_tokens, said.cached_tokens, said.output_tokens,
        bill(said), taken.first_ms, taken.whole_ms,
    )


def bill(said: Said) -> int:
    """0 for a model that is not on the list: an operator's own deployment on our address."""
    fresh, cached, output = PRICES.get(said.model, (0, 0, 0))
    return (
        (said.input_tokens - said.cached_tokens) * fresh
        + said.cached_tokens * cached
        + said.output_tokens * output
    )
