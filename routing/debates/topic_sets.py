"""Labelled texts to calibrate and evaluate the resolver on, from files that are given by path.

JSON lines, gzipped or not. Four shapes, told apart by their fields: groups of paraphrases (`g`,
`t`), propositions with what is said for and near them (`topic`, `kind`, `t`), pairs (`a`, `b`,
`y`), and topics with `paraphrases` and `not_same`.
"""

import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from routing.debates.types import LANGUAGES

Row = Mapping[str, Any]


class UnknownSet(ValueError):
    """No such file, or not of a shape that is known."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A text that somebody might type. `means`: the title it means, None: none of them. A
    look-alike is a small edit of the title `near` that means something else; `is_reversed`: the
    same with the sides exchanged. `group`: whatever must not be torn apart by a split."""

    text: str
    group: str
    means: str | None = None
    near: str = ""
    relation: str = ""

    @property
    def is_lookalike(self) -> bool:
        return bool(self.near)


@dataclass(slots=True)
class TextSet:
    """Titles by their key, and what was asked, in one language."""

    name: str
    language: str
    titles: dict[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)


def sets_read(path: Path, *, groups: int | None = None, draw: int = 0) -> list[TextSet]:
    """One a language. `groups`: of groups of paraphrases only so many; `draw`: which draw of them.
    Raises UnknownSet."""
    rows = list(_rows(path))
    if draw:  # under other names the lot falls on others
        rows = [dict(row, g=f"{draw}/{row['g']}") if "g" in row else row for row in rows]
    if groups is not None:
        drawn = set(sorted({str(row.get("g")) for row in rows}, key=_lot)[:groups])
        rows = [row for row in rows if str(row.get("g")) in drawn or "g" not in row]
    for fields, read in SHAPES:
        if rows and all(fields <= row.keys() for row in rows):
            return [each for each in read(path.name, rows) if each.asked]
    raise UnknownSet(f"{path} has no rows of a shape that is known: see docs/topic-resolver.md.")


def is_of_groups(path: Path) -> bool:
    """Raises UnknownSet."""
    return any("g" in row for row in _rows(path))


def _rows(path: Path) -> Iterator[Row]:
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
        rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (OSError, ValueError, EOFError) as error:
        raise UnknownSet(f"{path} cannot be read: {error}") from None
    yield from (row for row in rows if isinstance(row, dict))


def _groups(name: str, rows: Sequence[Row]) -> Iterable[TextSet]:
    """Half of the groups, drawn by lot, are known by their first phrasing; the others are none of
    them."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["g"]].append(row)
    made = TextSet(name, rows[0].get("lang", "ko"))
    for place, (group, texts) in enumerate(sorted(groups.items(), key=lambda pair: _lot(pair[0]))):
        if is_known := place % 2 == 0:
            made.titles[group] = texts[0]["t"]
        made.asked += [
            Asked(row["t"], group, means=group if is_known else None)
            for row in texts[int(is_known) :]
        ]
    return [made]


def _lot(group: str) -> str:
    """The same draw each time."""
    return hashlib.sha256(group.encode()).hexdigest()


def _propositions(name: str, rows: Sequence[Row]) -> Iterable[TextSet]:
    made = {code: TextSet(name, code) for code in LANGUAGES}
    for row in rows:
        known, key, text = made[row["lang"]], row["topic"], row["t"]
        if key not in known.titles:
            known.titles[key] = text
        elif row["kind"] == "same":
            known.asked.append(Asked(text, key, means=key))
        else:
            known.asked.append(Asked(text, key, near=key, relation=row["kind"]))
    return made.values()


def _pairs(name: str, rows: Sequence[Row]) -> Iterable[TextSet]:
    made = {code: TextSet(name, code) for code in LANGUAGES}
    for row in rows:
        known, key, tag = made[row["lang"]], row["a"], row.get("tag", "")
        if "amb" in tag.split("|"):  # people disagree about those
            continue
        known.titles[key] = key
        means = {"means": key} if row["y"] else {"near": key, "relation": tag or "other"}
        known.asked.append(Asked(row["b"], key, **means))
    return made.values()


def _topics(name: str, rows: Sequence[Row]) -> Iterable[TextSet]:
    made = {code: TextSet(name, code) for code in LANGUAGES}
    for row in rows:
        for code in LANGUAGES:
            made[code].titles[row["id"]] = row[code]
        for each in row.get("paraphrases", ()):
            made[each["lang"]].asked.append(Asked(each["text"], row["id"], means=row["id"]))
        for each in row.get("not_same", ()):
            made[each["lang"]].asked.append(
                Asked(each["text"], row["id"], near=row["id"], relation=each["relation"])
            )
    return made.values()


SHAPES = (
    ({"g", "t"}, _groups), ({"topic", "kind", "t"}, _propositions), ({"a", "b", "y"}, _pairs),
    ({"id", *LANGUAGES}, _topics),
)  # fmt: skip
