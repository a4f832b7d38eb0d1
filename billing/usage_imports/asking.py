"""One question to a vendor, asked again with patience; and the pages of its answer, with bounds.

Whatever goes wrong ends as `NotFetched`: a sentence for staff that says what to do. It never holds
a vendor's own words, which may repeat a key, nor the text of an exception, which may hold a header.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol

from billing.usage_imports.answers import Page, page_of
from billing.usage_imports.columns import Format
from billing.usage_imports.reading import Wrong
from costcontrol.lib import clock
from costcontrol.lib.sentences import Sentence as _

MOST_PAGES = 40  # 31 days are one page at a vendor's usual page size
MOST_BYTES = 20 * 1024 * 1024  # of one page
TIMEOUT_S = 60.0  # to wait for the next piece of an answer
DEADLINE = timedelta(minutes=2)  # for all of one page, however slowly it drips
RETRIED = frozenset({408, 409, 425, 429})


class NotFetched(Exception):
    """Nothing was imported."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class Unanswered(Exception):
    """A vendor said no (`what` is "status"), or nothing: timeout, line, address, size."""

    def __init__(self, what: str, *, status: int = 0, retry_after: str = "") -> None:
        super().__init__(what)
        self.what, self.status, self.retry_after = what, status, retry_after

    @property
    def may_pass(self) -> bool:
        if self.what == "status":
            return self.status in RETRIED or self.status >= 500
        return self.what in ("timeout", "line")


@dataclass(frozen=True, slots=True)
class Report:
    """One of a vendor's reports. `kind`: usage or cost. `path`: what it is asked at."""

    kind: str
    path: str
    format: Format


@dataclass(frozen=True, slots=True)
class Question:
    report: Report
    first: date
    last: date
    cursor: str = ""


class Session(Protocol):
    """An open connection to a vendor. `read` raises Unanswered."""

    def read(self, question: Question) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Vendor:
    """`open` raises Unanswered: the address or the key cannot be used."""

    provider: str
    title: str
    key_setting: str
    address_setting: str
    keys_page: str  # where admin keys are made
    reports: tuple[Report, ...]
    open: Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True, slots=True)
class Patience:
    """How often, and how long between: twice as long each time, or as long as the vendor asks."""

    tries: int = 4
    first_s: float = 2.0
    longest_s: float = 60.0
    pause: Callable[[float], None] = time.sleep


PATIENCE = Patience()


def pages_of(
    vendor: Vendor, session: Session, question: Question, *, patience: Patience
) -> Iterator[Page]:
    """Raises NotFetched."""
    seen: set[str] = set()
    for _number in range(MOST_PAGES):
        try:
            page = page_of(_asked(vendor, session, question, patience))
        except Wrong as wrong:
            raise unreadable(vendor, wrong) from None
        yield page
        if not page.cursor:
            return
        if page.cursor in seen:
            raise NotFetched(_(
                "%(vendor)s names the same next page twice, so there is no end. Fetch again later, "
                "or import a file."
            ) % {"vendor": vendor.title})
        seen.add(page.cursor)
        question = Question(question.report, question.first, question.last, page.cursor)
    raise NotFetched(_(
        "%(vendor)s has more than %(most)d pages about these days. Fetch fewer days at a time."
    ) % {"vendor": vendor.title, "most": MOST_PAGES})


def unreadable(vendor: Vendor, wrong: Wrong) -> NotFetched:
    return NotFetched(_(
        "The answer of %(vendor)s cannot be read: %(why)s Its API may have changed: import a file "
        "until costcontrol follows."
    ) % {"vendor": vendor.title, "why": wrong.args[0]})


def _asked(vendor: Vendor, session: Session, question: Question, patience: Patience) -> bytes:
    for number in range(1, patience.tries + 1):
        try:
            return session.read(question)
        except Unanswered as error:
            wait = _wait_s(error, number, patience)
            if not error.may_pass or number == patience.tries or wait > patience.longest_s:
                raise NotFetched(sentence_of(vendor, error, tries=number, wait_s=wait)) from None
        patience.pause(wait)
    raise AssertionError("a patience of no tries")


def _wait_s(error: Unanswered, number: int, patience: Patience) -> float:
    usual = min(patience.longest_s, patience.first_s * 2.0 ** (number - 1))
    return max(usual, _seconds(error.retry_after))


def _seconds(retry_after: str) -> float:
    """A Retry-After header is a number or a date. 0: nothing that can be used."""
    try:
        seconds = float(retry_after)
    except ValueError:
        seconds = _until(retry_after)
    return seconds if 0 < seconds < float("inf") else 0.0


def _until(http_date: str) -> float:
    try:
        return (parsedate_to_datetime(http_date) - clock.now()).total_seconds()
    except (TypeError, ValueError):
        return 0.0


def sentence_of(vendor: Vendor, error: Unanswered, *, tries: int, wait_s: float) -> str:
    facts = {
        "vendor": vendor.title, "key": vendor.key_setting, "address": vendor.address_setting,
        "where": vendor.keys_page, "status": error.status, "tries": tries,
        "seconds": int(wait_s),
    }
    return _why(error) % facts


def _why(error: Unanswered) -> _:
    if error.what == "timeout":
        return _("%(vendor)s did not answer in time, asked %(tries)d times. Fetch again later.")
    if error.what == "line":
        return _("%(vendor)s could not be reached or hung up, asked %(tries)d times. Look at the "
                 "network and at %(address)s, then fetch again.")
    if error.what == "address":
        return _("The address or the key for %(vendor)s cannot be used. Correct %(address)s or "
                 "%(key)s, and start again.")
    if error.what == "size":
        return _("The answer of %(vendor)s is larger than 20 MB. Fetch fewer days at a time.")
    return _of_status(error.status)


def _of_status(status: int) -> _:
    if status == 401:
        return _("%(vendor)s does not accept the key in %(key)s (status 401). Usage is told to an "
                 "admin key only; a key that makes calls does not do. Make one at %(where)s.")
    if status == 403:
        return _("%(vendor)s knows the key in %(key)s, but it may not read usage (status 403). "
                 "Have the owner of the account allow it, or make another at %(where)s.")
    if status == 429:
        return _("%(vendor)s is asked too often (status 429). Fetch again in %(seconds)d seconds "
                 "or later.")
    if status >= 500:
        return _("%(vendor)s failed (status %(status)d), asked %(tries)d times. Fetch again later.")
    if status == 400:
        return _("%(vendor)s does not answer for these days (status 400). Choose fewer or newer "
                 "days.")
    return _("%(vendor)s has no usage to tell at this address (status %(status)d). Look at "
             "%(address)s: servers that only speak its language keep no bills.")


def read_whole(pieces: Iterable[bytes], *, began: datetime) -> bytes:
    """All of an answer, if it is not too long and does not take too long. Raises Unanswered."""
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > MOST_BYTES:
            raise Unanswered("size")
        if clock.now() - began > DEADLINE:
            raise Unanswered("timeout")
    return bytes(body)
