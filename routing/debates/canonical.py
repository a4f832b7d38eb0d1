"""The request of an answer that others may use, made from the fields of its key alone.

So it can be made ahead, or made anew, without any debate; and nothing that a user typed can be in
it, because everything it says is read from the catalogue and from stored answers. Synchronous.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from costcontrol.lib.errors import Conflict
from costcontrol.lib.sentences import Sentence as _
from routing.call_kinds import CALL_KINDS, SEARCH
from routing.debates.philosophers import character_of
from routing.debates.prompt_canonical import Canon, Statement, canonical_prompt
from routing.debates.prompt_found import found_text
from routing.debates.prompts import VERSION
from routing.debates.reuse import CANONICAL
from routing.debates.topics import title_in
from routing.debates.types import Cast, Character, Found
from routing.models import StoredAnswer, Topic
from routing.types import ChatRequest

# Later levels read what earlier ones wrote. What is in no level depends on one debate.
LEVELS: Mapping[str, int] = {
    "stance_statements": 0, "core_arguments": 0, SEARCH: 0, "rag_query": 1, "moderator_intro": 1,
    "opening_statement": 2, "quality_check": 3, "opening_analysis": 3, "moderator_summary_1": 3,
}
assert set(LEVELS) == CANONICAL
OWN = ("moderator_style", "is_swapped", "is_searched")  # fields that a prompt takes as they are


class CannotBeMade(Conflict):
    """The catalogue is not what it was when this key was made."""


def levels(kind: str) -> int:
    """Raises KeyError for what cannot be made without a debate."""
    return LEVELS[kind]


def canonical_request(fields: Mapping[str, Any], *, found: Sequence[Found] = ()) -> ChatRequest:
    """`found`: the earlier stored answers that it reads (`found_in`); those it does not are left
    out. Raises CannotBeMade."""
    canon = canon_of(fields)
    return ChatRequest(
        canonical_prompt(canon, found=found), call_kind=canon.kind, language=canon.language,
        max_searches=CALL_KINDS[canon.kind].searches,
    )


def found_in(answer: StoredAnswer) -> Found:
    """What a stored answer behind the scenes found out."""
    text = found_text(answer.kind, answer.text)
    return Found(answer.kind, "", 0, text, UUID(str(answer.call_id)))


def canon_of(fields: Mapping[str, Any]) -> Canon:
    """Raises CannotBeMade: a title, a philosopher or the prompts have changed since, or a statement
    is not kept any more."""
    language, title = fields["lang"], _title(fields)
    if fields["prompt_version"] != VERSION:
        raise CannotBeMade(_("The prompts have changed since this key was made."))
    return Canon(
        fields["kind"], language, title, side=fields.get("side", ""),
        who=_character(fields["philosopher"], language) if "philosopher" in fields else None,
        cast=_cast(fields["cast"], language) if "cast" in fields else None,
        statements=_statements(fields, language),
        **{name: fields[name] for name in OWN if name in fields},
    )


def _title(fields: Mapping[str, Any]) -> str:
    row = Topic.objects.filter(key=fields["topic"], epoch=fields["topic_epoch"]).first()
    if row is None or title_in(row, fields["lang"]) != fields["title"]:
        raise CannotBeMade(_("The topic has changed since this key was made."))
    return title_in(row, fields["lang"])


def _character(named: Sequence[Any], language: str) -> Character:
    key, version, owner_id = named
    found = character_of({"key": key, "version": version}, language)
    if found.owner_id != owner_id:
        raise CannotBeMade(_("The philosopher is not whose it was."))
    return found


def _cast(named: Sequence[Sequence[Any]], language: str) -> Cast:
    pro, con = (tuple(_character(each, language) for each in side) for side in named)
    return Cast(pro, con)


def _statements(fields: Mapping[str, Any], language: str) -> tuple[Statement, ...]:
    one = [fields["statement_id"]] if "statement_id" in fields else []
    ids = fields.get("statement_ids", one)
    rows = StoredAnswer.objects.in_bulk(ids)
    if not all(_is_on_topic(rows.get(each), fields) for each in ids):
        raise CannotBeMade(_("A statement that it reads is not kept any more."))
    return tuple(
        Statement(_character(rows[each].fields["philosopher"], language), rows[each].side,
                  rows[each].text)
        for each in ids
    )


def _is_on_topic(row: StoredAnswer | None, fields: Mapping[str, Any]) -> bool:
    if row is None or row.kind != "opening_statement":
        return False
    return (row.topic_key, row.language) == (fields["topic"], fields["lang"])
