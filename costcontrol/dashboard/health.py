"""What the health strip says: models, database, broker, worker, beat, rollup.

Models are seen from this web process: breakers and probes belong to a process, so with several of
them another one may have seen a failure that this one has not. A provider without a key is off,
which is no error. Worker and beat are judged by the signs of life that they leave.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing import rollups
from billing.payments.services import is_on
from billing.reports import webhooks
from billing.reports.webhooks import Queue
from costcontrol import formats, heartbeats
from costcontrol.dashboard.components import Badge, Tone
from costcontrol.dashboard.settings_pause import switched_off
from costcontrol.lib import redis
from costcontrol.lib.sentences import said
from costcontrol.probes import database_problem
from routing import health, snapshot
from routing.providers import missing_key
from routing.snapshot import spec_of
from routing.types import DeploymentSpec, ModelClass

SILENT_AFTER = timedelta(seconds=60)  # beat sends a task every 15 seconds
USUAL_LAG_HOURS = 1  # an hour that has just closed is added up within minutes
EMBEDDED = "embedded"
PROVIDERS = {"anthropic": "Anthropic", "openai": "OpenAI", "ollama": "Ollama"}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the product: its state in a word, and in a sentence what to do about it."""

    name: str
    badge: Badge
    note: str = ""

    @property
    def is_fine(self) -> bool:
        """Nobody has to look at it: it works, or it is off, which is no error."""
        return self.badge.tone in (Tone.OK, Tone.OFF)

    @property
    def is_off(self) -> bool:
        return self.badge.tone == Tone.OFF


@dataclass(frozen=True, slots=True)
class Strip:
    """What is not ready stands in full, all else is folded into one line."""

    parts: tuple[Part, ...]

    @property
    def broken(self) -> tuple[Part, ...]:
        return tuple(part for part in self.parts if not part.is_fine)

    @property
    def fine(self) -> tuple[Part, ...]:
        return tuple(part for part in self.parts if part.is_fine)

    @property
    def off(self) -> str:
        return ", ".join(part.name for part in self.parts if part.is_off)


@dataclass(frozen=True, slots=True)
class Model:
    """A deployment, and why it cannot answer now: `no_key`, or `problem`. Empty: it can."""

    deployment: DeploymentSpec
    no_key: str = ""
    problem: str = ""
    is_paused: bool = False

    @property
    def is_local(self) -> bool:
        return self.deployment.model_class == ModelClass.LOCAL

    @property
    def can_answer(self) -> bool:
        return not (self.no_key or self.problem)


async def models() -> tuple[Model, ...]:
    """Raises DatabaseError while there is no snapshot."""
    deployments = (await snapshot.current()).deployments
    problems = await health.problems(deployments)
    return tuple(_model(deployment, problems) for deployment in deployments)


def _model(deployment: DeploymentSpec, problems: Mapping[str, str]) -> Model:
    if no_key := missing_key(deployment):
        return Model(deployment, no_key=said(no_key))
    breaker = health.breaker(deployment.name)
    if breaker.closes_in_s:
        pause = formats.duration(int(breaker.closes_in_s * 1000))
        why = _("paused after failures (%(why)s); the next try is in %(pause)s") % {
            "why": said(breaker.why), "pause": pause,
        }
        return Model(deployment, problem=why, is_paused=True)
    return Model(deployment, problem=said(problems.get(deployment.name, "")))


async def parts(*, now: datetime) -> tuple[Part, ...]:
    """Everything that the product is made of. Never fails: what cannot be seen says so."""
    problem = await database_problem()
    has_broker = await redis.attempt(lambda client: client.ping(), default=False)
    seen = await heartbeats.last_seen() if has_broker else {}
    return (
        *(() if problem else await _models()),
        _database(problem),
        _broker(has_broker=bool(has_broker)),
        *((debates(seen, now=now), *background(seen, now=now)) if has_broker else ()),
        *(() if problem else (await _rollup(now), await _payments(now))),
    )


async def _models() -> tuple[Part, ...]:
    try:
        found = await models()
        return (*_grouped(found), *await sync_to_async(_paused)())
    except DatabaseError:
        return ()


def _paused() -> tuple[Part, ...]:
    note = _("None of its models is asked: staff switched them off. Settings let it go on.")
    off = Badge(_("switched off"), Tone.WARN)
    return tuple(
        Part(_group_name(spec_of(row)), off, note) for row in switched_off()
        if not (settings.DEMO and row.provider == EMBEDDED)  # the demo has simulated ones
    )


def _grouped(found: tuple[Model, ...]) -> Iterator[Part]:
    """One part a provider, as long as all of its models are in the same state."""

    def group(model: Model) -> tuple[str, str, str]:
        return (_group_name(model.deployment), model.no_key, model.problem)

    for (name, _no_key, _problem), alike in groupby(sorted(found, key=group), key=group):
        models_alike = list(alike)
        names = ", ".join(model.deployment.model for model in models_alike)
        yield _part(name, models_alike[0], names)


def _group_name(deployment: DeploymentSpec) -> str:
    if deployment.provider == EMBEDDED:
        return _("Built-in model")
    usual = PROVIDERS.get(deployment.provider, "")
    return usual if usual and not deployment.base_url else deployment.name


def _part(name: str, model: Model, names: str) -> Part:
    if model.no_key:
        return Part(name, Badge(_("off"), Tone.OFF), model.no_key)
    if model.is_paused:
        return Part(name, Badge(_("paused"), Tone.BAD), f"{names}: {model.problem}")
    if model.problem:
        return Part(name, Badge(_("not ready"), Tone.WARN), f"{names}: {model.problem}")
    return Part(name, Badge(_("ready"), Tone.OK), names)


def _database(problem: str) -> Part:
    if not problem:
        return Part(_("Database"), Badge(_("ready"), Tone.OK))
    note = _("Calls that cost money are refused until it is back.")
    return Part(_("Database"), Badge(_("away"), Tone.BAD), note)


def _broker(*, has_broker: bool) -> Part:
    if has_broker:
        return Part("Valkey", Badge(_("ready"), Tone.OK))
    note = _("Calls are answered, but more slowly, and nothing happens in the background.")
    return Part("Valkey", Badge(_("away"), Tone.BAD), note)


def background(seen: Mapping[str, datetime], *, now: datetime) -> tuple[Part, Part]:
    """A worker gets its work from beat: while beat is away, a silent worker may just be idle."""
    beat, worker = _silence(seen, heartbeats.BEAT, now), _silence(seen, heartbeats.WORKER, now)
    sends = beat is not None and beat <= SILENT_AFTER
    works = worker is not None and worker <= SILENT_AFTER
    names = (_("Timer (beat)"), _("Worker"))
    return (
        Part(names[0], _alive() if sends else _silent(beat), "" if sends else _beat_note()),
        Part(names[1], _alive() if works else _silent(worker, is_idle=not sends),
             "" if works else _worker_note(has_work=sends)),
    )


def debates(seen: Mapping[str, datetime], *, now: datetime) -> Part:
    """It gives a sign every few seconds, also while it has nothing to do."""
    name, silence = _("Debates"), _silence(seen, heartbeats.DEBATES, now)
    if silence is not None and silence <= SILENT_AFTER:
        return Part(name, _alive())
    note = _(
        "Turns of debates wait, calls are not affected. Look at the output of “make run”, or start "
        "“manage.py run_debates”."
    )
    return Part(name, _silent(silence), note)


def _silence(seen: Mapping[str, datetime], part: str, now: datetime) -> timedelta | None:
    return now - seen[part] if part in seen else None


def _alive() -> Badge:
    return Badge(_("ready"), Tone.OK)


def _silent(length: timedelta | None, *, is_idle: bool = False) -> Badge:
    tone = Tone.OFF if is_idle else Tone.BAD
    if length is None:
        return Badge(_("no sign yet"), tone)
    since = formats.duration(int(length.total_seconds()) * 1000)
    return Badge(_("silent for %(time)s") % {"time": since}, tone)


def _beat_note() -> str:
    return _(
        "It starts what is due: rollups, clean-up. Calls are not affected. Look at the output of "
        "“make run”, or start “celery -A costcontrol beat”."
    )


def _worker_note(*, has_work: bool) -> str:
    if not has_work:
        return _("It may just be idle: while beat is away it is given nothing to do.")
    return _(
        "It takes no tasks: it is busy with a long one, or it has stopped. Look at the output of "
        "“make run”, or start “celery -A costcontrol worker”."
    )


async def _rollup(now: datetime) -> Part:
    try:
        return rollup(await sync_to_async(rollups.lag_hours)(now=now))
    except DatabaseError:
        return Part(_("Hourly sums"), Badge(_("not known"), Tone.OFF))


def rollup(lag_hours: int) -> Part:
    name = _("Hourly sums")
    if lag_hours <= USUAL_LAG_HOURS:
        return Part(name, Badge(_("ready"), Tone.OK))
    late = ngettext("%(hours)d hour behind", "%(hours)d hours behind", lag_hours)
    note = _("The figures read the newest hours from the calls themselves, which takes longer.")
    return Part(name, Badge(late % {"hours": lag_hours}, Tone.WARN), note)


async def _payments(now: datetime) -> Part:
    if not is_on():
        return payments(None, now=now)
    try:
        return payments(await sync_to_async(webhooks.queue)(), now=now)
    except DatabaseError:
        return Part(_("Payments"), Badge(_("not known"), Tone.OFF))


def payments(queue: Queue | None, *, now: datetime) -> Part:
    """None: no Stripe. Behind: a notice has been waiting too long. Failing: some were given up."""
    name = _("Payments")
    if queue is None:
        note = _("No Stripe key is set, so nobody can buy a plan. Everything else works.")
        return Part(name, Badge(_("off"), Tone.OFF), note)
    if queue.failed_number:
        failed = ngettext("%(n)s notice failed", "%(n)s notices failed", queue.failed_number)
        note = _("A plan may be out of date. Look at the notices on the page about revenue.")
        return Part(name, Badge(failed % {"n": queue.failed_number}, Tone.BAD), note)
    if queue.is_behind(now):
        note = _("Notices from Stripe wait for the worker; plans change when they are read.")
        return Part(name, Badge(_("behind"), Tone.WARN), note)
    return Part(name, Badge(_("ready"), Tone.OK))
