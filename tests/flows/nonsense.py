"""What is typed into pages that does not belong there, and what is wrong with an answer to it."""

from collections.abc import Iterable

import httpx

FIELDS = (
    "range", "from", "to", "zone", "tier", "language", "deployment", "outcome", "model_class",
    "kind", "user", "before", "after", "at", "cursor", "page", "q", "next", "once", "renew",
    "debate", "call", "text", "login", "password", "theme",
)  # fmt: skip
SCRIPT = "<script>alert(1)</script>"
QUOTES = "\"'><img src=x onerror=alert(1)>"
LEGAL = {200, 204, 302, 303, 400, 403, 404, 405, 429}


def faults(reply: httpx.Response, what: object = "") -> list[str]:
    """Why this is no answer that a reader can use; empty is good."""
    where = f"{reply.request.method} {reply.request.url.path[:60]} {what}"
    if reply.status_code not in LEGAL:
        return [f"{where}: {reply.status_code}"]
    found = [f"{where}: a header of the sender's"] if "x" in reply.cookies else []
    if "html" not in reply.headers.get("content-type", ""):
        return found
    found += [f"{where}: {each} is in the page" for each in (SCRIPT, QUOTES) if each in reply.text]
    if "Traceback" in reply.text:
        found.append(f"{where}: a stack trace")
    if "<html" in reply.text and not ('<html lang="ko"' in reply.text and "<h1" in reply.text):
        found.append(f"{where}: no page in Korean")
    return found


def sweep(asked: Iterable[tuple[object, httpx.Response]]) -> list[str]:
    """The faults of all replies, which are asked for one after the other. An address that does not
    know the method has read nothing of what came with it: it is not asked again."""
    found = []
    for what, reply in asked:
        found += faults(reply, what)
        if reply.status_code == 405:
            break
    return found
