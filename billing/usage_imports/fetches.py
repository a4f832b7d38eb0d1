"""Asking providers in the background: who wants which days, one worker at a time, and its end.

A provider has one open fetch at most (`one_open_fetch_per_provider`). Who works on it holds a
lease, moved on with each page and pause; who dies leaves it to another worker, which begins anew.
What was learned is written in the transaction that ends the fetch.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.services import audit
from billing.models_fetches import UsageFetch
from billing.usage_imports import fetched
from billing.usage_imports.asking import PATIENCE, NotFetched, Patience
from billing.usage_imports.vendors import VENDORS, is_on, with_keys
from costcontrol.lib import clock
from costcontrol.lib.errors import BadRequest, Conflict
from costcontrol.lib.sentences import Sentence
from costcontrol.lib.sentences import Sentence as _

MOST_DAYS = 31
MOST_DAYS_AGO = 365
NIGHTLY_DAYS = 3  # yesterday, and days that vendors may still add to
NIGHTLY = "nightly"
LEASE = timedelta(minutes=5)  # longer than one try may take, and the pause before it
State = UsageFetch.State
OPEN = (State.WAITING, State.RUNNING)
log = logging.getLogger(__name__)


def yesterday(*, now: datetime) -> date:
    """The last day that is over where vendors are."""
    return now.astimezone(UTC).date() - timedelta(days=1)


def day_of(said: Mapping[str, str], name: str) -> date:
    """Raises BadRequest."""
    asked = said.get(name, "").strip()
    try:
        return date.fromisoformat(asked)
    except ValueError:
        raise BadRequest(
            _("“%(text)s” is no day. Write it like 2026-11-20.") % {"text": asked[:40]}, param=name,
        ) from None


def fetch_ask(
    provider: str, first: date, last: date, *, actor: str, now: datetime
) -> UsageFetch:
    """It waits for a worker. Raises BadRequest, Conflict."""
    vendor = VENDORS.get(provider)
    if vendor is None or not is_on(vendor):
        raise BadRequest(_("Choose a provider that an admin key is set for."), param="provider")
    _check(first, last, now=now)
    try:
        return _put(provider, first, last, actor=actor, now=now)
    except IntegrityError:
        raise Conflict(_(
            "%(vendor)s is being asked already. Wait for its end, then fetch again."
        ) % {"vendor": vendor.title}) from None


def _check(first: date, last: date, *, now: datetime) -> None:
    if first > last:
        raise BadRequest(_("The first day is after the last one. Choose them the other way round."))
    if last > yesterday(now=now):
        raise BadRequest(_("Choose days that are over in UTC: no bill agrees with a part of one."))
    if (last - first).days >= MOST_DAYS:
        raise BadRequest(_("Choose at most %(days)d days at a time.") % {"days": MOST_DAYS})
    if first < now.date() - timedelta(days=MOST_DAYS_AGO):
        raise BadRequest(_("Choose days of the last year: vendors keep no older ones."))


@transaction.atomic
def _put(
    provider: str, first: date, last: date, *, actor: str, now: datetime
) -> UsageFetch:
    """Raises IntegrityError: another one is open."""
    fetch = UsageFetch.objects.create(
        provider=provider, first_day=first, last_day=last, made_at=now, made_by=actor[:254]
    )
    audit(actor, "usage_fetch", str(fetch), None, {"id": fetch.pk})
    return fetch


def nightly(*, now: datetime) -> int:
    """Ask every provider that there is a key for about the last days. How many are asked."""
    last = yesterday(now=now)
    asked = 0
    for vendor in with_keys():
        try:
            fetch_ask(
                vendor.provider, last - timedelta(days=NIGHTLY_DAYS - 1), last, actor=NIGHTLY,
                now=now,
            )
        except Conflict:
            log.warning("usage: %s is being asked already", vendor.provider)
        else:
            asked += 1
    return asked


class Lost(Exception):
    """Another process has it by now."""


@dataclass
class Held:
    """A fetch in our hands. Each write says which lease it holds, and fails when it is not ours."""

    fetch: UsageFetch
    lease: datetime
    pages: int = 0

    def page(self) -> None:
        self.pages += 1
        self.pulse()

    def pulse(self) -> None:
        lease = clock.now() + LEASE
        self.write(pages=self.pages, lease_until=lease)
        self.lease = lease

    def patient(self, patience: Patience) -> Patience:
        """Who waits for a vendor still has the fetch in hands."""
        def pause(seconds: float) -> None:
            self.pulse()
            patience.pause(seconds)

        return replace(patience, pause=pause)

    def end(self, state: str, **columns: Any) -> None:
        self.write(state=state, ended_at=clock.now(), lease_until=None, **columns)

    def write(self, **columns: Any) -> None:
        mine = UsageFetch.objects.filter(
            pk=self.fetch.pk, state=State.RUNNING, lease_until=self.lease
        )
        if not mine.update(**columns):
            raise Lost


def work(*, patience: Patience = PATIENCE) -> int:
    """All that waits, and all whose worker died. How many ended."""
    ended = 0
    while (fetch := _next()) is not None:
        ended += _advance(fetch, patience)
    return ended


def _next() -> UsageFetch | None:
    is_left = Q(state=State.RUNNING, lease_until__lt=clock.now())
    waiting = UsageFetch.objects.filter(Q(state=State.WAITING) | is_left)
    return waiting.order_by("made_at", "pk").first()


def _advance(fetch: UsageFetch, patience: Patience) -> bool:
    """False: somebody else has it."""
    held = _claim(fetch)
    if held is None:
        return False
    try:
        _fetch(held, patience)
    except Lost:
        return False
    except NotFetched as error:
        _fail(held, error.sentence)
    except Exception:
        log.exception("usage: %s could not be fetched", fetch)
        _fail(held, _("The fetch ended in an error of ours, which is in the log. Fetch again, or "
                      "import a file."))
    return True


def _claim(fetch: UsageFetch) -> Held | None:
    lease = clock.now() + LEASE
    same = UsageFetch.objects.filter(
        pk=fetch.pk, state=fetch.state, lease_until=fetch.lease_until
    )
    if not same.update(state=State.RUNNING, lease_until=lease, pages=0):
        return None
    return Held(fetch, lease)


def _fetch(held: Held, patience: Patience) -> None:
    fetch, now = held.fetch, clock.now()
    vendor = VENDORS[fetch.provider]
    if not is_on(vendor):
        raise NotFetched(
            _("There is no admin key any more. Set %(key)s, and start again.")
            % {"key": vendor.key_setting}
        )
    told = fetched.ask(
        vendor, fetch.first_day, fetch.last_day, now=now, patience=held.patient(patience),
        on_page=held.page,
    )
    with transaction.atomic():
        days = fetched.keep(vendor, told, fetch_id=fetch.pk, actor=fetch.made_by, now=now)
        held.end(State.DONE, days_changed=days)


def _fail(held: Held, sentence: str) -> None:
    try:
        held.end(State.FAILED, failure=kept(sentence))
    except Lost:
        log.warning("usage: %s was taken over", held.fetch)


def kept(sentence: str) -> dict[str, Any]:
    """A sentence as plain values, to be said later in whoever's language."""
    if not isinstance(sentence, _):
        return {"msgid": sentence, "values": None}
    values = sentence.values
    return {"msgid": sentence.msgid, "values": values and {
        name: kept(value) if isinstance(value, _) else value for name, value in values.items()
    }}


def sentence_of(failure: Mapping[str, Any]) -> str:
    """What `kept` made of it."""
    values = failure.get("values")
    return Sentence(failure.get("msgid", ""), values and {
        name: sentence_of(value) if isinstance(value, dict) else value
        for name, value in values.items()
    })
