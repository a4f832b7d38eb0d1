"""How errors look on `/api/v1`: `application/problem+json` (RFC 9457). `problem_handler.py` brings
it to DRF: a gateway worker loads none of that."""

from typing import Any

from costcontrol.lib.errors import CostControlError, Refused
from costcontrol.lib.sentences import said, said_in

PROBLEM = "application/problem+json"


class DatabaseAway(Refused):
    code, status = "database_unavailable", 503


def problem(code: str, status: int, detail: str, **extra: Any) -> dict[str, Any]:
    """RFC 9457."""
    return {"type": "about:blank", "title": code.replace("_", " "), "status": status,
            "code": code, "detail": detail, **extra}


def problem_of(error: CostControlError) -> dict[str, Any]:
    """In the active language, with which field it is about and when to come back."""
    facts = {"param": error.param, "retry_after": error.retry_after_s, **error.details}
    known = {name: said_in(value) for name, value in facts.items() if value is not None}
    return problem(error.code, error.status, said(error.message), **known)
