"""What a text may mean by likeness: the nearest titles of its language, and what guards make of
them."""

from collections.abc import Iterable
from dataclasses import dataclass

from routing.debates.topic_guards import doubts
from routing.debates.topic_index import Near, index_of
from routing.debates.topic_texts import Titles, language_written, text_hash
from routing.embeddings import EmbedderAway, embedder

MAX_CHOICES = 3


@dataclass(frozen=True, slots=True)
class Likely:
    """(topic's key, whether its sides are exchanged), the nearest first. `is_sure`: the first one
    is meant, and nobody has to be asked; `similarity` is its, 0 while nothing is sure."""

    pairs: tuple[tuple[str, bool], ...] = ()
    is_sure: bool = False
    similarity: float = 0.0


def likely(
    text: str, titles: Titles, *, not_meant: frozenset[tuple[str, bool]] = frozenset()
) -> Likely:
    """Within the language that the text is written in. Nothing, if there is no embedder, it does
    not answer, or nothing was calibrated for it."""
    try:
        code, model = language_written(text), embedder()
        index = index_of(code, model) if model and code else None
        if model is None or index is None:
            return Likely()
        near = index.nearest(model.embed([text])[0])
    except EmbedderAway:
        return Likely()
    return judged(text, _current(near, titles, code), titles, code, not_meant=not_meant,
                  threshold=index.threshold)


def judged(
    text: str, near: Iterable[Near], titles: Titles, code: str, *, threshold: float,
    not_meant: frozenset[tuple[str, bool]] = frozenset(),
) -> Likely:
    """What the guards make of the nearest titles."""
    pairs, sure, above = [], 0.0, 0
    for each in near:
        above += each.similarity >= threshold
        heard = doubts(text, titles[each.topic_key][code], language=code)
        if (each.topic_key, heard.is_opposite) not in not_meant:
            pairs.append((each.topic_key, heard.is_opposite))
            if len(pairs) == 1 and each.similarity >= threshold and not heard.any:
                sure = each.similarity
        if len(pairs) == MAX_CHOICES:
            break
    is_sure = bool(sure) and above == 1
    return Likely(tuple(pairs), is_sure=is_sure, similarity=sure if is_sure else 0.0)


def _current(near: Iterable[Near], titles: Titles, code: str) -> Iterable[Near]:
    """Those on offer whose title is still the one that was embedded."""
    for each in near:
        title = titles.get(each.topic_key, {}).get(code)
        if title is not None and text_hash(title) == each.text_hash:
            yield each
