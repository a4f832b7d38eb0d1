"""The id of the page request that is being answered, for whoever writes down what it changed.

A proxy before us may have given it one, in X-Request-Id; else it gets one here. Outside of page
requests, in commands and tasks, there is none: the empty text.
"""

import re
from contextvars import ContextVar
from uuid import uuid4

USABLE = re.compile(r"[A-Za-z0-9._:-]{8,64}", re.ASCII)
_current: ContextVar[str] = ContextVar("request_id", default="")


def current() -> str:
    return _current.get()


def begin(given: str) -> str:
    """The id that was given, if it can be used; else a new one."""
    request_id = given if USABLE.fullmatch(given) else uuid4().hex
    _current.set(request_id)
    return request_id


def end() -> None:
    _current.set("")
