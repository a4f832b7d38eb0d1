"""The titles nearest to a text, in memory: one matrix a language, looked at anew every few seconds.

A few thousand titles are one product of matrices, well under a millisecond, the same on both
databases; no index of a database would be quicker, and an approximate one would leave some out.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from django.conf import settings
from django.db.models import Count, Max

from routing.embeddings import Embedder, Vectors, from_bytes
from routing.models import TopicCalibration, TopicVector


@dataclass(frozen=True, slots=True)
class Near:
    """`text_hash`: of the title that the vector was made from."""

    topic_key: str
    text_hash: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Index:
    """The titles of one language. From `threshold` on a text means the topic, below `floor` it
    means none."""

    keys: tuple[str, ...]
    hashes: tuple[str, ...]
    matrix: Vectors
    threshold: float
    floor: float

    def nearest(self, vector: Vectors) -> list[Near]:
        """All from the floor on, the nearest first."""
        found = self.matrix @ vector
        places = np.flatnonzero(found >= self.floor)
        places = places[np.argsort(-found[places], kind="stable")]
        return [Near(self.keys[at], self.hashes[at], float(found[at])) for at in places]


@dataclass(slots=True)
class _State:
    embedder: str = ""
    mark: Any = None
    looked_at: float = float("-inf")
    indexes: Mapping[str, Index] | None = None


_state, _lock = _State(), Lock()


def forget() -> None:
    """After an edit in this process: the next text looks again."""
    global _state
    _state = _State()


def index_of(language: str, embedder: Embedder) -> Index | None:
    """None: nothing is calibrated, so nothing is taken for alike."""
    global _state
    known = _state
    age = time.monotonic() - known.looked_at
    if known.embedder != embedder.hash or age > settings.SNAPSHOT_SECONDS:
        with _lock:
            known = _state = _looked(known, embedder)
    return (known.indexes or {}).get(language)


def _looked(known: _State, embedder: Embedder) -> _State:
    mark, now = _mark(embedder.hash), time.monotonic()
    is_same = known.embedder == embedder.hash and known.mark == mark
    indexes = known.indexes if is_same else _load(embedder.hash)
    return _State(embedder.hash, mark, now, indexes)


def _mark(embedder: str) -> Any:
    """Changes with the rows that count: a vector is never changed, only replaced."""
    counted = {"count": Count("pk"), "last": Max("pk")}
    return (
        TopicVector.objects.filter(embedder=embedder).aggregate(**counted),
        sorted(_calibrations(embedder).values_list("pk", flat=True)),
    )


def _calibrations(embedder: str) -> Any:
    return TopicCalibration.objects.filter(embedder=embedder, is_active=True)


def _load(embedder: str) -> dict[str, Index]:
    newest: dict[str, TopicCalibration] = {}
    for calibration in _calibrations(embedder):  # the newest first
        newest.setdefault(calibration.language, calibration)
    return {code: found for code, each in newest.items() if (found := _index(each))}


def _index(calibration: TopicCalibration) -> Index | None:
    rows = list(
        TopicVector.objects.filter(embedder=calibration.embedder, language=calibration.language)
        .order_by("topic_id").values_list("topic_id", "text_hash", "vector")
    )  # fmt: skip
    if not rows:
        return None
    keys, hashes, vectors = zip(*rows, strict=True)
    matrix = np.stack([from_bytes(bytes(vector)) for vector in vectors])
    return Index(keys, hashes, matrix, calibration.threshold, calibration.floor)
