"""From the bytes of an OpenAI chat request to a `ChatRequest`, or an error that says the mend.

Written by hand and not as a serializer: it runs on every call, and it must keep parameters that it
does not know, since some upstream may.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn
from uuid import UUID

from django.conf import settings

from costcontrol.lib.errors import BadRequest, PayloadTooLarge, UnsupportedParameter
from costcontrol.lib.sentences import Sentence as _
from routing.call_kinds import kind_get
from routing.types import ChatRequest, Complexity, Message

MAX_MESSAGES = 1_000
MAX_OUTPUT_TOKENS = 200_000
MAX_STOPS = 16
MAX_USES = 64
NAME = re.compile(r"[\w./:@+-]{1,160}")
WORD = re.compile(r"[\w./:@+-]{1,40}")
ROLES = {"system", "developer", "user", "assistant", "tool"}
LANGUAGES = {"ko", "en"}

# Shape nothing about the answer, or are ours.
IGNORED = {"user", "metadata", "store", "safety_identifier", "prompt_cache_key"}
TOLD = (
    "debate_id", "call_kind", "complexity", "language", "stage", "speaker", "parent_call",
    "uses_calls", "max_searches",
)
MOST_SEARCHES = 3
OURS = {
    "messages", "model", "max_tokens", "max_completion_tokens", "temperature", "top_p", "stop",
    "stream", "stream_options", "n", "service_tier",
}


def request_of(body: bytes, headers: Mapping[str, str]) -> ChatRequest:
    """Raises BadRequest, PayloadTooLarge or UnsupportedParameter."""
    data = load_json(body)
    told = _told(data, headers)
    cache = {word.strip() for word in headers.get("cache-control", "").lower().split(",")}
    is_stream = _flag(data, "stream")
    return ChatRequest(
        messages=_messages(data.get("messages")),
        model=_name(data.get("model", "auto"), "model"),
        max_output_tokens=_max_tokens(data),
        temperature=_number(data, "temperature", 0, 2),
        top_p=_number(data, "top_p", 0, 1),
        stop=_stops(data.get("stop")),
        is_stream=is_stream,
        wants_usage_chunk=is_stream and _wants_usage(data),
        extra=_extra(data),
        call_kind=_call_kind(told["call_kind"]),
        complexity=_complexity(told["complexity"]),
        debate_id=_name(told["debate_id"], "X-Debate-Id") if told["debate_id"] else "",
        stage=_word(told["stage"], "X-Stage"),
        speaker=_word(told["speaker"], "X-Speaker"),
        parent_call_id=_call_id(told["parent_call"], "X-Parent-Call"),
        uses=_call_ids(told["uses_calls"]),
        max_searches=_searches(told["max_searches"]),
        language=_language(told["language"]),
        may_read_cache="no-cache" not in cache and "no-store" not in cache,
        may_store="no-store" not in cache,
    )


def load_json(body: bytes) -> dict[str, Any]:
    if len(body) > settings.BODY_LIMIT_BYTES:
        raise PayloadTooLarge(
            _("The body is larger than %(mb)d MB. Send a shorter conversation.")
            % {"mb": settings.BODY_LIMIT_BYTES // 1024 // 1024}
        )
    try:
        data = json.loads(body.decode(), parse_constant=_no_constant)
        if b"\\u" in body:
            json.dumps(data, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except UnicodeError:
        raise BadRequest(_("The body is not valid UTF-8 text.")) from None
    except (ValueError, RecursionError) as error:
        raise BadRequest(
            _("The body is not valid JSON: %(error)s.") % {"error": str(error)[:120]}
        ) from None
    if not isinstance(data, dict):
        raise BadRequest(_("The body must be a JSON object with “messages”."))
    return data


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _told(data: dict[str, Any], headers: Mapping[str, str]) -> dict[str, str]:
    """Where in a debate, what for, how hard, in which language: from `metadata`, or the headers,
    which win."""
    metadata = data.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise BadRequest(_("“metadata” must be an object."), param="metadata")
    told = {name: headers.get(f"x-{name.replace('_', '-')}") or metadata.get(name) or ""
            for name in TOLD}
    for name, value in told.items():
        if not isinstance(value, str):
            raise BadRequest(_("“%(name)s” must be a text.") % {"name": name}, param=name)
    return told


def _messages(value: Any) -> tuple[Message, ...]:
    if not isinstance(value, list) or not value:
        raise BadRequest(
            _("“messages” must be a list with at least one message."), param="messages"
        )
    if len(value) > MAX_MESSAGES:
        raise BadRequest(
            _("“messages” may have at most %(n)d entries.") % {"n": MAX_MESSAGES}, param="messages"
        )
    return tuple(_message(item, f"messages[{i}]") for i, item in enumerate(value))


def _message(item: Any, where: str) -> Message:
    if not isinstance(item, dict):
        raise BadRequest(_("“%(where)s” must be an object.") % {"where": where}, param=where)
    role = item.get("role")
    if not isinstance(role, str) or role not in ROLES:
        raise BadRequest(
            _("“%(where)s.role” must be one of: %(roles)s.")
            % {"where": where, "roles": ", ".join(sorted(ROLES))},
            param=f"{where}.role",
        )
    extra = {k: v for k, v in item.items() if k not in ("role", "content") and v is not None}
    return Message(role, _content(item.get("content"), where, extra), extra)


def _content(value: Any, where: str, extra: Mapping[str, Any]) -> str:
    if isinstance(value, str) and (value or extra):
        return value
    if value is None and extra.get("tool_calls"):
        return ""
    if isinstance(value, list) and value:
        return "\n".join(_part(part, f"{where}.content[{i}]") for i, part in enumerate(value))
    raise BadRequest(
        _("“%(where)s.content” must be a text that is not empty.") % {"where": where},
        param=f"{where}.content",
    )


def _part(part: Any, where: str) -> str:
    if isinstance(part, dict) and part.get("type") == "text" and isinstance(part.get("text"), str):
        return str(part["text"])
    raise UnsupportedParameter(
        _("“%(where)s”: only parts of type “text” are supported.") % {"where": where}, param=where
    )


def _name(value: Any, param: str) -> str:
    if isinstance(value, str) and NAME.fullmatch(value):
        return value
    raise BadRequest(
        _("“%(param)s” must be a name of 1 to 160 letters, digits or . / : @ + - _")
        % {"param": param},
        param=param,
    )


def _word(value: str, param: str) -> str:
    if not value or WORD.fullmatch(value):
        return value
    raise BadRequest(
        _("“%(param)s” must be a name of 1 to 40 letters, digits or . / : @ + - _")
        % {"param": param},
        param=param,
    )


def _call_id(value: str, param: str) -> UUID | None:
    """What `X-Request-Id` of an earlier answer said."""
    try:
        return UUID(value) if value else None
    except ValueError:
        raise BadRequest(
            _("“%(param)s” must be the id of a call, as X-Request-Id of its answer said it.")
            % {"param": param},
            param=param,
        ) from None


def _call_ids(value: str) -> tuple[UUID, ...]:
    names = [name.strip() for name in value.split(",") if name.strip()]
    if len(names) > MAX_USES:
        raise BadRequest(
            _("“%(param)s” may have at most %(n)d entries.")
            % {"param": "X-Uses-Calls", "n": MAX_USES},
            param="X-Uses-Calls",
        )
    found = (_call_id(name, "X-Uses-Calls") for name in names)
    return tuple(dict.fromkeys(call_id for call_id in found if call_id))


def _max_tokens(data: dict[str, Any]) -> int | None:
    is_new_name = data.get("max_completion_tokens") is not None
    name = "max_completion_tokens" if is_new_name else "max_tokens"
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_OUTPUT_TOKENS:
        return value
    raise BadRequest(
        _("“%(name)s” must be a whole number from 1 to %(max)d, or left out.")
        % {"name": name, "max": MAX_OUTPUT_TOKENS},
        param=name,
    )


def _number(data: dict[str, Any], name: str, low: float, high: float) -> float | None:
    value = data.get(name)
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and math.isfinite(value) and low <= value <= high:
        return float(value)
    raise BadRequest(
        _("“%(name)s” must be a number from %(low)g to %(high)g.")
        % {"name": name, "low": low, "high": high},
        param=name,
    )


def _flag(data: dict[str, Any], name: str) -> bool:
    value = data.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise BadRequest(_("“%(name)s” must be true or false.") % {"name": name}, param=name)


def _stops(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    stops = [value] if isinstance(value, str) else value
    is_list = isinstance(stops, list) and len(stops) <= MAX_STOPS
    if is_list and all(isinstance(stop, str) and stop for stop in stops):
        return tuple(stops)
    raise BadRequest(
        _("“stop” must be a text, or a list of at most %(n)d texts.") % {"n": MAX_STOPS},
        param="stop",
    )


def _wants_usage(data: dict[str, Any]) -> bool:
    options = data.get("stream_options")
    if options is None:
        return False
    if not isinstance(options, dict):
        raise BadRequest(_("“stream_options” must be an object."), param="stream_options")
    return bool(options.get("include_usage"))


def _extra(data: dict[str, Any]) -> dict[str, Any]:
    """Parameters that only some upstreams know: kept, so that none is silently dropped."""
    if data.get("n") not in (None, 1) or isinstance(data.get("n"), bool):
        raise UnsupportedParameter(
            _("“n” must be 1: one answer a call. Make several calls instead."), param="n"
        )
    if data.get("service_tier") not in (None, "auto", "default"):
        raise UnsupportedParameter(
            _("“service_tier” changes the price and is not supported. Leave it out."),
            param="service_tier",
        )
    return {k: v for k, v in data.items() if k not in OURS | IGNORED and v is not None}


def _searches(asked: str) -> int:
    if asked in ("", *map(str, range(MOST_SEARCHES + 1))):
        return int(asked or 0)
    raise BadRequest(
        _("“%(param)s” must be a number from 0 to %(n)d.")
        % {"param": "X-Max-Searches", "n": MOST_SEARCHES},
        param="X-Max-Searches",
    )


def _call_kind(name: str) -> str:
    return kind_get(name).name if name else ""


def _complexity(value: str) -> Complexity | None:
    if not value:
        return None
    if value in tuple(Complexity):
        return Complexity(value)
    raise BadRequest(
        _("“complexity” must be one of: %(names)s.") % {"names": ", ".join(Complexity)},
        param="complexity",
    )


def _language(value: str) -> str:
    if not value or value in LANGUAGES:
        return value
    raise BadRequest(_("“language” must be “ko” or “en”, or left out."), param="language")
