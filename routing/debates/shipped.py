"""The catalogue as it ships: JSON files, and how they get into the database.

Safe to run at every start. What is missing is added. A philosopher whose file has a newer version
gets that as a new version, unless staff have written the current one: theirs stays.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from routing.call_kinds import CALL_KINDS, CallKind
from routing.debates.cards import TEXTS, Draft
from routing.debates.types import LANGUAGES
from routing.debates.versions import philosopher_make, version_add
from routing.models import CallKindRow, Philosopher, Topic

FOLDER = Path(__file__).parent / "catalogue"
CARD = (*TEXTS, "traits")


@dataclass(frozen=True, slots=True)
class ShippedPhilosopher:
    key: str
    version: int
    draft: Draft


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did, in rows. `kept`: newer ones in the file, behind what staff wrote."""

    philosophers: int
    versions: int
    kept: int
    topics: int
    kinds: int


def philosophers_read(folder: Path = FOLDER) -> list[ShippedPhilosopher]:
    rows = json.loads((folder / "philosophers.json").read_text())
    return [ShippedPhilosopher(row["key"], row["version"], _draft(row)) for row in rows]


def _draft(row: dict[str, Any]) -> Draft:
    cards = {code: {name: row[code][name] for name in CARD} for code in LANGUAGES}
    return Draft(row["name"], cards, row["strategies"])


def topics_read(folder: Path = FOLDER) -> list[Topic]:
    """Rows that are not saved."""
    lines = (folder / "topics.jsonl").read_text().splitlines()
    return [Topic(**json.loads(line)) for line in lines]


@transaction.atomic
def catalogue_load(folder: Path = FOLDER) -> Loaded:
    done = [_philosopher_load(*pair) for pair in _with_current(philosophers_read(folder))]
    return Loaded(
        philosophers=done.count("added"), versions=done.count("new version"),
        kept=done.count("kept"), topics=_topics_load(topics_read(folder)), kinds=kinds_load(),
    )


def _with_current(
    shipped: Iterable[ShippedPhilosopher],
) -> Iterable[tuple[ShippedPhilosopher, list[Philosopher]]]:
    """Each with all versions there are of it, the newest first."""
    rows = list(Philosopher.objects.filter(owner_id=None).order_by("key", "-version"))
    return [(each, [row for row in rows if row.key == each.key]) for each in shipped]


def _philosopher_load(shipped: ShippedPhilosopher, rows: list[Philosopher]) -> str:
    if not rows:
        philosopher_make(shipped.key, shipped.draft, shipped_version=shipped.version)
        return "added"
    if shipped.version <= max(row.shipped_version or 0 for row in rows):
        return "there"
    current = next(row for row in rows if row.is_current)
    if current.shipped_version is None:
        return "kept"
    version_add(
        current, shipped.draft, is_active=current.is_active, shipped_version=shipped.version
    )
    return "new version"


def _topics_load(topics: list[Topic]) -> int:
    known = set(Topic.objects.values_list("key", flat=True))
    missing = [topic for topic in topics if topic.key not in known]
    return len(Topic.objects.bulk_create(missing))


def kinds_load() -> int:
    known = set(CallKindRow.objects.values_list("name", flat=True))
    missing = [_kind_row(kind) for kind in CALL_KINDS.values() if kind.name not in known]
    return len(CallKindRow.objects.bulk_create(missing))


def _kind_row(kind: CallKind) -> CallKindRow:
    return CallKindRow(
        name=kind.name, purpose=str(kind.purpose), complexity=kind.complexity,
        max_output_tokens=kind.max_output_tokens, latency=kind.latency,
        is_streamed=kind.is_streamed, key_fields=list(kind.key_fields), variants=kind.variants,
        ttl_days=kind.ttl_days, may_be_template=kind.may_be_template,
        is_batchable=kind.is_batchable, is_enabled=kind.is_enabled,
    )
