"""The simulated providers take batches: a run goes from its estimate to answers in the store."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from accounts.models import User
from billing import gauge
from costcontrol.demo import batches
from costcontrol.demo.upstream import HOST, LIMIT, Upstream
from costcontrol.lib import clock
from routing import snapshot
from routing.models import Deployment, StoredAnswer
from tests.routing.precompute.house import (
    HAIKU,
    debates_make,
    house_make,
    run_started,
    to_the_end,
)

LUNA = "openai/gpt-6-luna"


@pytest.fixture
def simulated(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """On a free port, its batches done at once."""
    monkeypatch.setattr(batches, "TAKES_S", 0.0)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    serving = asyncio.start_server(Upstream().serve, HOST, 0, limit=LIMIT)
    server = asyncio.run_coroutine_threadsafe(serving, loop).result(10)
    url = f"http://{HOST}:{server.sockets[0].getsockname()[1]}"
    settings.ANTHROPIC_API_KEY = settings.OPENAI_API_KEY = "demo"
    settings.ANTHROPIC_BASE_URL, settings.OPENAI_BASE_URL = f"{url}/anthropic", f"{url}/openai/v1"
    settings.PRECOMPUTE_MONTHLY_USD = "20"
    yield url
    asyncio.run_coroutine_threadsafe(end(server), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()


async def end(server: asyncio.Server) -> None:
    server.close()
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)  # connections go before their loop does


@pytest.fixture
def user(db: None, simulated: str) -> Iterator[User]:
    gauge.forget_all()
    yield house_make()
    gauge.forget_all()
    snapshot.forget()


@pytest.mark.parametrize("cheap", [HAIKU, LUNA])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_run_is_made_by_the_simulated_providers(user: User, cheap: str, language: str) -> None:
    """Three variants, all of them different, each in the form that it was asked for."""
    Deployment.objects.filter(name=HAIKU).update(is_enabled=cheap == HAIKU)
    Deployment.objects.filter(name=LUNA).update(is_enabled=cheap == LUNA)
    snapshot.forget()
    debates_make(user, 60, language=language)
    run = run_started(clock.now(), variants=3, languages=[language])
    to_the_end(run, clock.now())
    wrong = run.items.exclude(status="made").values_list("kind", "variant", "error")
    assert not list(wrong)
    texts = StoredAnswer.objects.filter(kind="opening_statement").values_list("key", "text")
    assert len(set(texts)) == len(texts) == 12
    assert set(run.batches.values_list("deployment", flat=True)) >= {cheap}
