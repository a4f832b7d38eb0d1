"""What somebody wants debated, from a request's body: checked, or refused with the mend.

An order says everything that a debate is made of. Its topic may be any text, also one that gives
orders to a model: it is what the debate is about and nothing else, and it is bounded.
"""

import hashlib
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.types import Caller
from costcontrol.lib.errors import BadRequest
from costcontrol.lib.sentences import Sentence as _
from routing.debates.errors import CastInvalid, LanguageUnavailable, TextTooLong, TopicBlocked
from routing.debates.philosophers import philosophers_for, unknown
from routing.debates.plan import Shape, speakers_of
from routing.debates.prompt_words import MODERATOR_STYLES, USUAL_STYLE
from routing.debates.topics import Choice, Resolved, resolve, title_in, topic_get
from routing.debates.types import FORMATS, LANGUAGES, SIDES
from routing.models import Philosopher

MAX_CONTEXT_CHARACTERS = 20_000
FIELDS = (
    "topic", "topic_id", "is_swapped", "language", "format", "cast", "seat", "moderator_style",
    "context",
)  # fmt: skip
USUAL_FORMAT = "2v2"


@dataclass(frozen=True, slots=True)
class Order:
    """A debate as it was asked for. `cast`: as `Debate.cast`."""

    topic: str
    topic_key: str
    is_swapped: bool
    language: str
    format: str
    cast: Mapping[str, Sequence[Mapping[str, Any]]]
    seat: str
    moderator_style: str
    context: str
    fingerprint: str  # of what was sent
    choices: tuple[Choice, ...] = ()  # topics of the catalogue that may have been meant
    resolved: Resolved | None = None  # how the topic was found

    def shape(self, *, is_lean: bool = False) -> Shape:
        return Shape(self.format, self.seat, has_context=bool(self.context), is_lean=is_lean)


def order_of(data: Mapping[str, Any], *, caller: Caller, reads: str = "en") -> Order:
    """`reads`: the caller's own language, for a topic of the catalogue without a word on it.

    Raises BadRequest, or one of `routing.debates.errors`. Nothing is written.
    """
    if strange := sorted(set(data) - set(FIELDS)):
        raise BadRequest(
            _("A debate has no “%(name)s”. Send some of: %(names)s.")
            % {"name": strange[0][:64], "names": ", ".join(FIELDS)},
            param=strange[0][:64],
        )
    resolved = _topic(data, reads, caller)
    wanted = _wanted_cast(data, resolved)
    format = _format(data, wanted)
    return Order(
        topic=resolved.text, topic_key=resolved.topic.key if resolved.topic else "",
        is_swapped=resolved.is_swapped, language=resolved.language, format=format,
        cast=_cast(wanted, format, caller), seat=_seat(data, format),
        moderator_style=_style(data), context=_context(data), fingerprint=fingerprint_of(data),
        choices=resolved.choices, resolved=resolved,
    )


def fingerprint_of(data: Mapping[str, Any]) -> str:
    """Of the body itself: a repeat is the same debate, whatever the catalogue has become."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def text_in(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadRequest(_("“%(name)s” must be a text.") % {"name": name}, param=name)
    return value


def is_printable(text: str) -> bool:
    """No control characters but tabs and line ends: they are no part of anything that is said."""
    return all(
        sign in "\t\n\r" or unicodedata.category(sign) not in ("Cc", "Cs") for sign in text
    )


def _topic(data: Mapping[str, Any], reads: str, caller: Caller) -> Resolved:
    key, text, language = text_in(data, "topic_id"), text_in(data, "topic"), _language(data)
    if key and text:
        raise BadRequest(
            _("Send “topic” for a question of your own or “topic_id” for one of the catalogue, "
              "not both."),
            param="topic_id",
        )
    is_swapped = _is_swapped(data, key)
    if key:
        return _of_catalogue(key, language or reads, is_swapped=is_swapped)
    if not is_printable(text):
        raise TopicBlocked(
            _("The topic has control characters in it. Type it again as plain text."),
            param="topic",
        )
    return resolve(text, language=language, user_id=caller.user_id)


def _of_catalogue(key: str, language: str, *, is_swapped: bool) -> Resolved:
    topic = topic_get(key)
    return Resolved(topic, is_swapped, (), language, title_in(topic, language), "title")


def _is_swapped(data: Mapping[str, Any], key: str) -> bool:
    """For a topic that was chosen with its sides exchanged."""
    is_swapped = data.get("is_swapped", False)
    if not isinstance(is_swapped, bool) or (is_swapped and not key):
        raise BadRequest(
            _("“is_swapped” is true or false, and goes with “topic_id”: PRO then says what CON "
              "says of that topic."),
            param="is_swapped",
        )
    return is_swapped


def _language(data: Mapping[str, Any]) -> str:
    language = text_in(data, "language")
    if language and language not in LANGUAGES:
        raise LanguageUnavailable(
            _("Debates are in Korean or English: send “language” as “ko” or “en”, or leave it "
              "out."),
            param="language", languages=list(LANGUAGES),
        )
    return language


def _wanted_cast(data: Mapping[str, Any], resolved: Resolved) -> dict[str, list[str]]:
    """The keys that were sent, or those of the topic's usual cast."""
    cast = data.get("cast")
    if cast is None:
        return _usual_cast(text_in(data, "format"), resolved)
    if not isinstance(cast, Mapping) or set(cast) != set(SIDES):
        raise _cast_is_no_cast()
    for people in cast.values():
        if not isinstance(people, list) or not all(isinstance(key, str) for key in people):
            raise _cast_is_no_cast()
    return {side: cast[side] for side in SIDES}


def _cast_is_no_cast() -> BadRequest:
    return BadRequest(
        _("“cast” must be an object with the lists “pro” and “con” of keys of philosophers."),
        param="cast",
    )


def _usual_cast(format: str, resolved: Resolved) -> dict[str, list[str]]:
    """Whoever usually says it: with the sides exchanged, the people change sides too."""
    usual = resolved.topic.default_cast if resolved.topic else {}
    if not usual:
        raise CastInvalid(
            _("This topic has no usual cast. Send “cast” with the philosophers of both sides."),
            param="cast",
        )
    count = FORMATS.get(format or USUAL_FORMAT, 0)
    sides = zip(SIDES, reversed(SIDES) if resolved.is_swapped else SIDES, strict=True)
    return {side: list(usual.get(other, ()))[:count] for side, other in sides}


def _format(data: Mapping[str, Any], wanted: Mapping[str, Sequence[str]]) -> str:
    format = text_in(data, "format")
    if format and format not in FORMATS:
        raise BadRequest(
            _("The format is one of: %(names)s.") % {"names": ", ".join(FORMATS)}, param="format"
        )
    sizes = {len(wanted[side]) for side in SIDES}
    by_size = {size: name for name, size in FORMATS.items()}
    format = format or by_size.get(max(sizes), USUAL_FORMAT)
    if sizes != {FORMATS[format]}:
        raise CastInvalid(
            _("A debate of the format %(format)s has %(count)d philosophers on each side. Send "
              "as many for “pro” and for “con”.")
            % {"format": format, "count": FORMATS[format]},
            param="cast",
        )
    return format


def _cast(
    wanted: Mapping[str, Sequence[str]], format: str, caller: Caller
) -> dict[str, list[dict[str, Any]]]:
    """With names and exact versions, one query."""
    keys = [key for side in SIDES for key in wanted[side]]
    rows = {row.key: row for row in philosophers_for(caller.user_id)}
    for key in keys:
        if key not in rows:
            raise unknown(key)
        if keys.count(key) > 1:
            raise CastInvalid(
                _("%(key)s is in the cast twice. Everybody speaks once, for one side.")
                % {"key": key},
                param="cast",
            )
    return {side: [_entry(rows[key]) for key in wanted[side]] for side in SIDES}


def _entry(row: Philosopher) -> dict[str, Any]:
    return {"key": row.key, "version": row.version, "name_ko": row.name_ko,
            "name_en": row.name_en}


def _seat(data: Mapping[str, Any], format: str) -> str:
    seat, seats = text_in(data, "seat"), speakers_of(format)
    if seat and seat not in seats:
        raise BadRequest(
            _("The seat is one of %(names)s, or left out by whoever only watches.")
            % {"names": ", ".join(seats)},
            param="seat",
        )
    return seat


def _style(data: Mapping[str, Any]) -> str:
    style = text_in(data, "moderator_style") or USUAL_STYLE
    if style not in MODERATOR_STYLES:
        raise BadRequest(
            _("The style of the moderator is one of: %(names)s.")
            % {"names": ", ".join(MODERATOR_STYLES)},
            param="moderator_style",
        )
    return style


def _context(data: Mapping[str, Any]) -> str:
    context = text_in(data, "context").strip()
    if len(context) > MAX_CONTEXT_CHARACTERS:
        raise TextTooLong(
            _("The context has %(count)d characters, and %(limit)d is the most. Send what matters "
              "for the topic.")
            % {"count": len(context), "limit": MAX_CONTEXT_CHARACTERS},
            param="context", limit=MAX_CONTEXT_CHARACTERS,
        )
    if not is_printable(context):
        raise BadRequest(
            _("“context” has control characters in it. Send it as plain text."), param="context"
        )
    return context
