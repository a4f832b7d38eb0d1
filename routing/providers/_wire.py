"""Bytes from an upstream into JSON values, without a detour through the vendor's models."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

from routing.providers._errors import TRANSPORT_ERRORS, from_transport, malformed

MAX_COUNT = 1_000_000_000  # tokens; more is an upstream's mistake, and fits no column
LONGEST_LINE = 1024 * 1024  # bytes; an upstream that never ends a line must not fill our memory

JsonObject = dict[str, Any]


def sse_value(line: bytes) -> JsonObject | None:
    """The JSON object of one `data:` line; None for any other line and for `[DONE]`.

    The vendors write each event's data on one line, and name its kind inside as well.
    """
    if not line.startswith(b"data:"):
        return None
    data = line[5:].strip()
    return None if data in (b"[DONE]", b"") else json_value(data)


def ndjson_value(line: bytes) -> JsonObject | None:
    """The JSON object of one line; None for an empty line."""
    return json_value(line) if line.strip() else None


def json_value(data: bytes) -> JsonObject:
    """Raises ValueError for anything but a JSON object."""
    value = json.loads(data)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


async def values(
    vendor: str, pieces: AsyncIterator[bytes], *, decode: Callable[[bytes], JsonObject | None]
) -> AsyncGenerator[JsonObject, None]:
    """The JSON objects of a streamed body, as they come. What follows the last line end is lost."""
    rest = b""
    try:
        async for piece in pieces:
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                if (value := decode(line)) is not None:
                    yield value
            if len(rest) > LONGEST_LINE:
                raise malformed(vendor)
    except TRANSPORT_ERRORS as error:
        raise from_transport(vendor, error) from None
    except ValueError:
        raise malformed(vendor) from None


def count(value: Any) -> int | None:
    """A token count as reported; None if it is absent, or no count that can be believed."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value <= MAX_COUNT else None
