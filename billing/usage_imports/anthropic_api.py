"""Anthropic's Usage and Cost API, for admin keys: two reports by day.

Its SDK has no methods for these two, so they are asked as they are documented.
docs/reconciliation.md says where, and why not at their newer sisters.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import httpx2
from django.conf import settings

from billing.usage_imports.asking import Question, Report, Session, Vendor, read_whole
from billing.usage_imports.columns import ANTHROPIC_COST_API, ANTHROPIC_USAGE_API
from billing.usage_imports.lines import failures, http_client
from costcontrol.lib import clock

VERSION = "2023-06-01"
MOST_DAYS = 31  # in one page
GROUPS = {"usage": "model", "cost": "description"}  # cost by description names the model


class AnthropicSession:
    def __init__(self, client: httpx2.Client, *, base_url: str, key: str) -> None:
        self._client, self._base_url = client, base_url.rstrip("/")
        self._headers = {
            "x-api-key": key, "anthropic-version": VERSION, "user-agent": "costcontrol",
        }

    def read(self, question: Question) -> bytes:
        url, began = f"{self._base_url}/v1/{question.report.path}", clock.now()
        with failures(), self._client.stream(
            "GET", url, params=params_of(question), headers=self._headers
        ) as reply:
            return read_whole(reply.iter_bytes(), began=began)


def params_of(question: Question) -> dict[str, str | int]:
    asked: dict[str, str | int] = {
        "starting_at": _midnight(question.first),
        "ending_at": _midnight(question.last + timedelta(days=1)),
        "bucket_width": "1d", "group_by[]": GROUPS[question.report.kind], "limit": MOST_DAYS,
    }
    return asked | ({"page": question.cursor} if question.cursor else {})


def _midnight(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


@contextmanager
def opened() -> Iterator[Session]:
    base_url = settings.ANTHROPIC_BASE_URL
    with failures():
        client = http_client(base_url)
    with client:
        yield AnthropicSession(client, base_url=base_url, key=settings.ANTHROPIC_ADMIN_KEY)


VENDOR = Vendor(
    "anthropic", "Anthropic", key_setting="ANTHROPIC_ADMIN_KEY",
    address_setting="ANTHROPIC_BASE_URL", keys_page="platform.claude.com/settings/admin-keys",
    reports=(
        Report("usage", "organizations/usage_report/messages", ANTHROPIC_USAGE_API),
        Report("cost", "organizations/cost_report", ANTHROPIC_COST_API),
    ),
    open=opened,
)
