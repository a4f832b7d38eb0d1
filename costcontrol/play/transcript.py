"""A debate as the API tells it, as its page shows it: sides, stages, turns, in words.

The script of the page fills in the same template for turns that come later.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from costcontrol import formats
from costcontrol.dashboard.layer_names import layer_name
from costcontrol.lib.sentences import said
from costcontrol.play import words
from routing.debates.searching import FAILED
from routing.debates.stage_names import STAGE_NAMES
from routing.sources import Source, source_of

Row = Mapping[str, Any]  # a debate or a turn, as JSON
BUSY = ("queued", "running")
OVER = ("finished", "cancelled")
SIDES = ("pro", "con")


@dataclass(frozen=True, slots=True)
class Seat:
    name: str
    is_users: bool

    @property
    def face(self) -> str:
        return self.name[:1]


@dataclass(frozen=True, slots=True)
class Side:
    key: str
    people: tuple[Seat, ...]

    @property
    def word(self) -> str:
        return words.word(words.SIDES, self.key)

    @property
    def says(self) -> str:
        return _("argues for it") if self.key == "pro" else _("argues against it")


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn. `number` None: the blank one that scripts fill in."""

    number: int | None = None
    id: str = ""
    step: int | None = None
    stage: str = ""
    side: str = ""
    name: str = ""
    kind: str = ""
    status: str = ""
    text: str = ""
    transition: str = ""
    note: str = ""
    language: str = ""
    facts: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()  # pages that were found on the web for it
    search_note: str = ""
    rating: int | None = None
    is_users: bool = False
    is_written: bool = False  # by a model, or by nobody, but not by the user
    call_url: str = ""

    @property
    def face(self) -> str:
        return self.name[:1]

    @property
    def side_word(self) -> str:
        return words.word(words.SIDES, self.side) if self.side in SIDES else ""

    @property
    def is_busy(self) -> bool:
        return self.status in BUSY

    @property
    def may_be_rated(self) -> bool:
        return self.status == "completed" and self.is_written


@dataclass(frozen=True, slots=True)
class Section:
    stage: str
    turns: tuple[Turn, ...]

    @property
    def title(self) -> str:
        return words.word(STAGE_NAMES, self.stage)


def sides(debate: Row) -> tuple[Side, ...]:
    seat = debate.get("seat") or None
    return tuple(
        Side(side, tuple(
            Seat(each["name"], is_users=each["speaker"] == seat) for each in debate["cast"][side]
        ))
        for side in SIDES
    )  # fmt: skip


def sections(debate: Row) -> tuple[Section, ...]:
    """The turns by stage, in order; of a step that was tried again the one that stands, else the
    last."""
    names = names_of(debate)
    shown = {row["step"]: row["turn"] for row in debate["turns"]}
    shown |= {row["step"]: row["turn"] for row in debate["turns"] if _stands(row)}
    turns = [
        _turn(row, names, debate) for row in debate["turns"] if shown[row["step"]] == row["turn"]
    ]
    return tuple(
        Section(stage, tuple(group)) for stage, group in groupby(turns, key=lambda t: t.stage)
    )


def _stands(row: Row) -> bool:
    return bool(row.get("status", "completed") == "completed")


def names_of(debate: Row) -> dict[str, str]:
    people: Iterable[Row] = (*debate["cast"]["pro"], *debate["cast"]["con"])
    return {each["speaker"]: each["name"] for each in people}


def blank(debate: Row) -> Turn:
    return Turn(language=debate["topic"]["language"])


def _turn(row: Row, names: Mapping[str, str], debate: Row) -> Turn:
    speaker, call_id = row.get("speaker") or "", row.get("call_id")
    side = words.side_of(speaker)
    return Turn(
        number=row["turn"], id=str(row.get("id", "")), step=row["step"], stage=row["stage"],
        side=side,
        name=names.get(speaker) or words.word(words.SIDES, side),
        kind=_kind(row, names), status=row.get("status", "completed"),
        text=row.get("text") or "", transition=row.get("transition") or "",
        note=_note(row, is_over=debate.get("status") in OVER),
        language=debate["topic"]["language"], facts=tuple(_facts(row)),
        sources=tuple(_sources(row)),
        search_note=said(FAILED) if row.get("search") == "failed" else "",
        rating=row.get("rating"), is_users=bool(speaker) and speaker == debate.get("seat"),
        is_written=row.get("source") != "user",
        call_url=reverse("dashboard:call", args=[call_id]) if call_id else "",
    )


def _kind(row: Row, names: Mapping[str, str]) -> str:
    kind, target = words.word(words.KINDS, row.get("kind") or ""), row.get("target")
    if not target:
        return kind
    return _("%(kind)s, to %(name)s") % {"kind": kind, "name": names.get(target, target)}


def _note(row: Row, *, is_over: bool) -> str:
    """What became of it, and what to do while there is something to do."""
    status, error = row.get("status"), row.get("error") or {}
    if status == "failed":
        message = error.get("message") or _("This turn could not be written.")
        return message if is_over else f"{message} {words.TRY_AGAIN}"
    if status == "cancelled" and is_over:
        return str(words.OVER)
    if status == "cancelled":
        is_alone = error.get("code") == "nobody_watching"
        return str(words.UNWATCHED if is_alone else words.STOPPED)
    if row.get("source") == "user" and not row.get("text") and status == "completed":
        return str(words.PASSED)
    return error.get("message", "") if status == "completed" else ""  # it was cut off


def _sources(row: Row) -> Iterable[Source]:
    """Whatever the row says: only what may be a link."""
    for each in row.get("citations") or ():
        if page := source_of(each["url"], each["title"], each["text"]):
            yield page


def _facts(row: Row) -> Sequence[str]:
    """What it took. Deployment and dollars are there only for those who may see costs; in a replay
    there is nothing of it."""
    source = row.get("source") or ""
    if source == "user" or "credits" not in row:
        return ()
    facts = [words.word(words.SOURCES, source)] if source else []
    if row.get("layer") not in (None, "", source):
        facts.append(layer_name(row["layer"]))
    if row.get("model_class"):
        facts.append(words.word(words.CLASSES, row["model_class"]))
    if row.get("deployment"):
        facts.append(row["deployment"])
    if row.get("credits") is not None:
        facts.append(_("%(credits)s credits") % {"credits": credits_text(row["credits"])})
    if row.get("cost_nanos") is not None:
        facts.append(formats.money(row["cost_nanos"]))
    return facts


def credits_text(credits: str) -> str:
    """"1.250" -> "1.25": as few digits as say it."""
    whole, _point, rest = credits.partition(".")
    return ".".join(part for part in (formats.count(int(whole)), rest.rstrip("0")) if part)
