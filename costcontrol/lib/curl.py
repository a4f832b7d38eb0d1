"""A request as a command that can be pasted into a shell."""

import json
import shlex
from collections.abc import Mapping


def command(url: str, body: Mapping[str, object], *, bearer: str) -> str:
    """Quoted for POSIX shells, whatever stands in the body."""
    headers = (f"Authorization: Bearer {bearer}", "Content-Type: application/json")
    return " \\\n  ".join((
        f"curl {shlex.quote(url)}",
        *(f"-H {shlex.quote(header)}" for header in headers),
        f"-d {shlex.quote(json.dumps(body, ensure_ascii=False))}",
    ))
