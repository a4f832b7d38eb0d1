"""`/healthz`: the process lives. `/readyz`: it can answer calls, or why not."""

import asyncio
import json

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse

from costcontrol.lib import database, redis
from routing import health, snapshot


async def healthz(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


async def readyz(_request: HttpRequest) -> HttpResponse:
    """503 while the database is away or no model can answer. Valkey away is said, not fatal."""
    problem, has_valkey = await asyncio.gather(
        database_problem(), redis.attempt(lambda client: client.ping(), default=False)
    )
    models = await _models() if not problem else {}
    is_ready = not problem and any(not why for why in models.values())
    body = {
        "ready": is_ready,
        "database": problem or "ok",
        "valkey": "ok" if has_valkey else "away: slower, rate limits are stricter",
        "models": {name: why or "ok" for name, why in models.items()},
    }
    return HttpResponse(
        json.dumps(body, ensure_ascii=False), status=200 if is_ready else 503,
        content_type="application/json",
    )


async def database_problem() -> str:
    try:
        await database.run(_select_one)
    except DatabaseError:
        return "away: no paid call is made"
    return ""


def _select_one() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


async def _models() -> dict[str, str]:
    try:
        deployments = (await snapshot.current()).deployments
    except DatabaseError:
        return {}
    problems = await health.problems(deployments)
    return {d.name: problems.get(d.name, "") for d in deployments}
