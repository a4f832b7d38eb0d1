"""A debate to read: as Markdown and JSON for whoever had it, and as a replay for everybody.

A replay says nothing of whose debate it was; what the owner said themselves is in it as “user”,
because they made it public.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any

from django.utils import translation
from django.utils.translation import gettext, pgettext

from costcontrol.lib.sentences import Sentence as _
from routing.debates import sayings
from routing.debates.errors import DebateUnknown
from routing.debates.searching import FAILED
from routing.debates.shown import Json, Whole, cast_json, said_json, topic_json, whole_of
from routing.debates.stage_names import STAGE_NAMES
from routing.models import Debate, Turn
from routing.sources import source_of

USER = "user"
SHARE_KEY = re.compile(r"[\w-]{1,32}", re.ASCII)
UNSAFE = re.compile(r"[^\w가-힣]+")
FILE_NAME_LENGTH = 60
MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|])")
ACTIVE = re.compile(r"(<(?=[a-z/!?])|(?<=!)\[)", re.I)  # HTML and pictures: nobody asked for them


def replay_get(share_key: str) -> Debate:
    """Finished, and public by its owner's will. Raises DebateUnknown."""
    debate = None
    if SHARE_KEY.fullmatch(share_key):
        debate = Debate.objects.filter(
            share_key=share_key, is_public=True, status=Debate.Status.FINISHED
        ).first()
    if debate is None:
        raise DebateUnknown(
            _("There is no replay here. Its owner may have made it private again.")
        )
    return debate


def replay_json(whole: Whole) -> Json:
    debate = whole.debate
    cast = {
        side: [{"speaker": one["speaker"], "name": one["name"]} for one in people]
        for side, people in cast_json(debate).items()
    }
    return {
        "topic": topic_json(debate), "format": debate.format, "cast": cast, "seat": debate.seat,
        "moderator_style": debate.moderator_style,
        "has_users_texts": any(turn.source == Turn.Source.USER for turn in whole.turns),
        "finished_on": debate.finished_at.date() if debate.finished_at else None,
        "turns": [_replayed(whole, turn) for turn in _spoken(whole)],
        "stream": f"/api/v1/replays/{debate.share_key}/stream",
    }


def _replayed(whole: Whole, turn: Turn) -> Json:
    body = said_json(whole, turn)
    return body | ({"speaker_name": USER} if turn.source == Turn.Source.USER else {})


def export_json(whole: Whole, *, at: datetime) -> Json:
    """What the user had, without what it cost us."""
    debate = whole.debate
    return {
        "exported_at": at, "id": str(debate.pk), "topic": topic_json(debate),
        "is_swapped": debate.is_swapped, "format": debate.format, "cast": cast_json(debate),
        "seat": debate.seat, "moderator_style": debate.moderator_style,
        "context": debate.context, "status": debate.status, "created_at": debate.created_at,
        "finished_at": debate.finished_at,
        "turns": [
            said_json(whole, turn) | {
                "id": str(turn.pk), "completed_at": turn.completed_at, "rating": turn.rating,
                "rating_note": turn.rating_note,
            }
            for turn in _spoken(whole)
        ],
    }


def export_markdown(whole: Whole) -> str:
    """In the language of the debate: the topic, who spoke for which side, and what was said."""
    debate = whole.debate
    with translation.override(debate.language):
        parts = [f"# {_plain(debate.topic)}", "\n".join(_about(debate))]
        for stage, turns in groupby(_spoken(whole), key=lambda turn: turn.stage):
            parts.append(f"## {stage_name(stage)}")
            parts += [_paragraph(debate, turn) for turn in turns]
    return "\n\n".join(parts) + "\n"


def file_name(debate: Debate, ending: str) -> str:
    """Of the topic, with nothing in it that a file system or a header could take amiss."""
    safe = UNSAFE.sub("-", debate.topic).strip("-")[:FILE_NAME_LENGTH].strip("-")
    return f"{safe or 'debate'}-{str(debate.pk)[:8]}.{ending}"


def stage_name(stage: str) -> str:
    """Its heading, in the active language."""
    return str(STAGE_NAMES.get(stage, stage))


def _about(debate: Debate) -> list[str]:
    sides = {
        "pro": pgettext("side of a debate", "For"),
        "con": pgettext("side of a debate", "Against"),
    }
    return [
        f"- **{sides[side]}**: {', '.join(_called(debate, one) for one in people)}"
        for side, people in cast_json(debate).items()
    ]


def _called(debate: Debate, one: dict[str, Any]) -> str:
    name = _plain(one["name"])
    return f"{name} ({gettext('you')})" if one["speaker"] == debate.seat else name


def _paragraph(debate: Debate, turn: Turn) -> str:
    name = _plain(sayings.name_of(debate, turn.speaker))
    if turn.target:
        name = f"{name} → {_plain(sayings.name_of(debate, turn.target))}"
    text = ACTIVE.sub(r"\\\1", turn.text)
    if turn.source == Turn.Source.USER:
        text = _plain(turn.text) if text else f"*{gettext('passed')}*"
    return "\n\n".join([f"**{name}**", text, *_sources(debate, turn)])


def _sources(debate: Debate, turn: Turn) -> Iterator[str]:
    """The pages that it had, as links that can hold nothing else; or that none was found."""
    pages = [
        page for each in turn.citations
        if (page := source_of(each["url"], each["title"], each["text"]))
    ]
    lines = [f"{n}. [{_plain(page.title)}](<{page.url}>)" for n, page in enumerate(pages, start=1)]
    if lines:
        yield "\n".join([gettext("Found on the web for it:"), "", *lines])
    if turn.search == Turn.Search.FAILED:
        yield f"*{sayings.in_language(debate.language, FAILED)}*"


def _plain(text: str) -> str:
    """What somebody typed, without what Markdown would make of it."""
    return MARKDOWN.sub(r"\\\1", text)


def _spoken(whole: Whole) -> list[Turn]:
    """What was said to its end, in the order of the plan."""
    said = [turn for turn in whole.turns if turn.status == Turn.Status.COMPLETED]
    return sorted(said, key=lambda turn: turn.number)


def of_user(user_id: int, *, now: datetime) -> Iterator[Json]:
    """All of their debates, the oldest first, for the person. One at a time in memory."""
    rows = Debate.objects.filter(user_id=user_id).order_by("created_at", "pk")
    for debate in rows.iterator(chunk_size=100):
        yield export_json(whole_of(debate), at=now)


