"""The health strip: what is off, what is broken, and what merely has nothing to do."""

import html
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.template.loader import render_to_string

from costcontrol import heartbeats
from costcontrol.celery import app
from costcontrol.dashboard.components import Badge, Tone
from costcontrol.dashboard.health import Part, Strip, background, debates, rollup
from costcontrol.lib import redis
from routing import health
from routing.models import Deployment
from tests.costcontrol.dashboard.conftest import Page
from tests.costcontrol.dashboard.rows import NOW

WITH_DATABASE = pytest.mark.django_db(transaction=True)
BEAT, WORKER = heartbeats.BEAT, heartbeats.WORKER
PART = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def the_broker_is_believed() -> Iterator[None]:
    redis.breaker.cache_clear()
    heartbeats._client.cache_clear()
    heartbeats._client().delete(*(heartbeats._key(part) for part in (BEAT, WORKER)))
    yield
    heartbeats._client().close()
    heartbeats._client.cache_clear()
    redis.breaker.cache_clear()


def deployment(name: str, **columns: object) -> None:
    provider, _slash, model = name.partition("/")
    usual = {"provider": provider, "model": model, "model_class": "mid", "languages": ["en"]}
    Deployment.objects.create(name=name, **usual | columns)


def strip(page: Page) -> str:
    response = page.get("/dashboard/health/", headers=PART)
    assert response.status_code == 200
    return " ".join(html.unescape(response.content.decode()).split())


# --- models -------------------------------------------------------------------------------------


@WITH_DATABASE
def test_a_provider_without_a_key_is_off_and_not_broken(page: Page) -> None:
    deployment("anthropic/claude-sonnet-5-5")
    deployment("anthropic/claude-opus-5-5")
    said = strip(page)
    assert '<span>Anthropic</span> <span class="badge" data-tone="off">off</span>' in said
    assert said.count("<span>Anthropic</span>") == 1
    assert "ANTHROPIC_API_KEY" in said


@WITH_DATABASE
def test_a_provider_with_a_key_is_ready(page: Page, settings: LazySettings) -> None:
    settings.OPENAI_API_KEY = "sk-test"
    deployment("openai/gpt-6-luna")
    assert '<span>OpenAI</span> <span class="badge" data-tone="ok">ready</span>' in strip(page)


@WITH_DATABASE
def test_a_provider_that_staff_switched_off_is_not_forgotten(page: Page) -> None:
    deployment("openai/gpt-6-luna", is_enabled=False)
    deployment("anthropic/claude-opus-5-5", is_enabled=False)
    deployment("anthropic/claude-sonnet-5-5")
    said = strip(page)
    off = '<span>{}</span> <span class="badge" data-tone="warn">switched off</span>'
    assert off.format("OpenAI") in said
    assert off.format("Anthropic") not in said
    assert "staff switched them off" in said


@WITH_DATABASE
def test_a_demo_does_without_the_built_in_model(page: Page, settings: LazySettings) -> None:
    deployment("embedded/smollm2-135m", is_enabled=False)
    assert "Built-in model" in strip(page)
    settings.DEMO = True
    assert "Built-in model" not in strip(page)


@WITH_DATABASE
def test_a_local_model_that_does_not_answer_says_why(page: Page) -> None:
    deployment("fake/down", model_class="local")
    said = strip(page)
    assert '<span>fake/down</span> <span class="badge" data-tone="warn">not ready</span>' in said
    assert "the simulated model is down" in said


@WITH_DATABASE
def test_a_model_that_failed_is_paused_and_looking_does_not_use_up_its_trial(page: Page) -> None:
    deployment("fake/words")
    breaker = health.breaker("fake/words")
    breaker.failed("it answered nonsense", at_once=True)
    said = strip(page)
    assert '<span>fake/words</span> <span class="badge" data-tone="bad">paused</span>' in said
    assert "it answered nonsense" in said
    breaker.open_until = time.monotonic() - 1
    assert "paused" not in strip(page)
    assert breaker.refusal() == ""
    assert breaker.refusal() == "it answered nonsense"


def part(name: str, tone: Tone) -> Part:
    return Part(name, Badge("in a word", tone))


def said_of(*parts: Part) -> tuple[str, str]:
    """What stands in full, and what is folded."""
    said = render_to_string("dashboard/health_strip.html", {"strip": Strip(parts)})
    before, _tag, folded = said.partition("<details")
    return before, folded


def test_where_all_is_ready_one_line_says_so() -> None:
    before, folded = said_of(part("Database", Tone.OK), part("Payments", Tone.OFF))
    assert "<li>" not in before
    assert "Everything is ready" in folded.partition("</summary>")[0]
    assert "off: Payments" in folded.partition("</summary>")[0]


@pytest.mark.parametrize("tone", [Tone.WARN, Tone.BAD])
def test_what_is_not_ready_stands_in_full_and_the_others_are_folded(tone: Tone) -> None:
    before, folded = said_of(part("Database", Tone.OK), part("Worker", tone))
    assert "<span>Worker</span>" in before
    assert "Database" not in before
    assert "<span>Database</span>" in folded
    assert "Everything is ready" not in folded


# --- database and broker ------------------------------------------------------------------------


@WITH_DATABASE
def test_everything_that_runs_is_named(page: Page) -> None:
    said = strip(page)
    for part in ("Database", "Valkey", "Timer (beat)", "Worker", "Hourly sums"):
        assert f"<span>{part}</span>" in said


@WITH_DATABASE
def test_without_a_broker_the_strip_says_what_still_works(
    page: Page, settings: LazySettings
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9"
    said = strip(page)
    assert '<span>Valkey</span> <span class="badge" data-tone="bad">away</span>' in said
    assert "Calls are answered, but more slowly" in said
    assert "<span>Worker</span>" not in said


@WITH_DATABASE
def test_without_scripts_it_is_a_page(page: Page) -> None:
    assert "<html" in page.get("/dashboard/health/").content.decode()


# --- beat and worker ----------------------------------------------------------------------------


def seconds_ago(**parts: int) -> dict[str, object]:
    return {part: NOW - timedelta(seconds=seconds) for part, seconds in parts.items()}


@pytest.mark.parametrize(("seconds", "tone"), [(60, Tone.OK), (61, Tone.BAD)])
def test_beat_may_be_silent_for_a_minute(seconds: int, tone: Tone) -> None:
    beat, _worker = background(seconds_ago(beat=seconds, worker=1), now=NOW)
    assert beat.badge.tone == tone


def test_a_worker_that_takes_no_tasks_is_broken() -> None:
    beat, worker = background(seconds_ago(beat=5, worker=600), now=NOW)
    assert (beat.badge.tone, worker.badge.tone) == (Tone.OK, Tone.BAD)
    assert "celery -A costcontrol worker" in worker.note


def test_a_silent_worker_may_be_idle_while_beat_is_away() -> None:
    beat, worker = background(seconds_ago(beat=600, worker=600), now=NOW)
    assert (beat.badge.tone, worker.badge.tone) == (Tone.BAD, Tone.OFF)
    assert "idle" in worker.note


def test_parts_that_never_gave_a_sign_say_so() -> None:
    beat, worker = background({}, now=NOW)
    assert beat.badge.text == worker.badge.text == "no sign yet"


@pytest.mark.parametrize(("seconds", "tone"), [(3, Tone.OK), (600, Tone.BAD)])
def test_whoever_writes_debates_is_missed_soon(seconds: int, tone: Tone) -> None:
    part = debates({heartbeats.DEBATES: NOW - timedelta(seconds=seconds)}, now=NOW)
    assert part.badge.tone == tone
    assert bool(part.note) == (tone == Tone.BAD)


async def test_signs_of_life_are_read_as_they_were_left() -> None:
    heartbeats.leave(BEAT, now=NOW)
    assert await heartbeats.last_seen() == {BEAT: NOW}
    await redis.client().aclose()


async def test_without_a_broker_a_sign_is_lost_and_nothing_fails(settings: LazySettings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9"
    heartbeats._client.cache_clear()
    heartbeats.leave(WORKER, now=NOW)
    assert await heartbeats.last_seen() == {}


@WITH_DATABASE
def test_a_task_that_runs_is_a_sign_of_the_worker() -> None:
    app.loader.import_default_modules()
    app.tasks["billing.tasks.sweep"].apply()
    assert heartbeats._client().get(heartbeats._key(WORKER)) is not None


# --- sums ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hours", "tone"), [(0, Tone.OK), (1, Tone.OK), (2, Tone.WARN)])
def test_an_hour_that_has_just_closed_is_not_late(hours: int, tone: Tone) -> None:
    assert rollup(hours).badge.tone == tone
