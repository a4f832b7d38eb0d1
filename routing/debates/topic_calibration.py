"""From where on a similarity is believed: rows, those that ship, and what makes the resolver ready.

Nothing is believed of an embedder whose hash has no row. The shipped rows are numbers only; the
texts they were fitted on are not part of the product (docs/topic-resolver.md).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import transaction

from routing.debates.shipped import FOLDER
from routing.debates.topic_index import forget
from routing.debates.topic_judging import MOST_WRONG, Fit
from routing.debates.topic_vectors import topics_embed
from routing.embeddings import Embedder, EmbedderAway, embedder
from routing.models import TopicCalibration


@dataclass(frozen=True, slots=True)
class Ready:
    """What making ready did. `why_not`: nothing is taken for alike, and why."""

    vectors: int = 0
    calibrations: int = 0
    why_not: str = ""

    def __str__(self) -> str:
        if self.why_not:
            return f"Topics are found by their titles and aliases only: {self.why_not}."
        return (
            f"Topics: {self.vectors} titles embedded, {self.calibrations} shipped calibrations "
            "added."
        )


def resolver_prepare() -> Ready:
    """Bring the vectors and the shipped calibrations of this embedder. Idempotent; it never fails
    because of the embedder."""
    model = embedder()
    if model is None:
        return Ready(why_not="there is no embedder (TOPIC_EMBEDDER)")
    try:
        made = topics_embed(model).made
    except EmbedderAway as away:
        return Ready(why_not=f"{model.name} does not answer ({away})")
    added = calibrations_load(model)
    forget()
    if not TopicCalibration.objects.filter(embedder=model.hash, is_active=True).exists():
        return Ready(why_not=f"{model.name} is not calibrated (manage.py calibrate_topics)")
    return Ready(made, added)


def calibrations_load(model: Embedder, folder: Path = FOLDER) -> int:
    """What ships for this embedder and was never here; what staff switched off stays off."""
    rows = [
        TopicCalibration(**row) for row in json.loads((folder / "calibrations.json").read_text())
        if row["embedder"] == model.hash
    ]
    known = set(
        TopicCalibration.objects.filter(embedder=model.hash).values_list("language", "source")
    )
    missing = [row for row in rows if (row.language, row.source) not in known]
    return len(TopicCalibration.objects.bulk_create(missing))


@transaction.atomic
def calibration_add(
    model: Embedder, language: str, found: Fit, *, sources: Iterable[str], now: datetime
) -> TopicCalibration:
    """The newest active one of a language counts. One that did not hold on the other half is
    written down, and not used unless staff say so."""
    row = TopicCalibration.objects.create(
        language=language, embedder=model.hash, embedder_name=model.name,
        threshold=found.threshold, floor=found.floor, judged=found.judged.taken,
        topics=found.judged.topics, errors=found.judged.errors, bound=found.judged.bound,
        source=", ".join(sources)[:200], made_at=now,
        is_active=found.judged.keeps_to(MOST_WRONG),
    )
    forget()
    return row
