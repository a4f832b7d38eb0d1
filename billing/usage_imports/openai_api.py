"""OpenAI's usage and costs of an organization, for admin keys, by its SDK.

The SDK makes floats of dollars, so it is asked for the answer's text instead of its objects.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import openai
from django.conf import settings
from openai import APIResponse

from billing.usage_imports.asking import Question, Report, Session, Unanswered, Vendor, read_whole
from billing.usage_imports.columns import OPENAI_COST_API, OPENAI_USAGE_API
from billing.usage_imports.lines import failures, http_client
from costcontrol.lib import clock

MOST_DAYS = 31  # in one page
NO_KEY = "none"  # of calls, which are not made here: the SDK would look for one
COMPLETIONS = Report("usage", "organization/usage/completions", OPENAI_USAGE_API)
EMBEDDINGS = Report("usage", "organization/usage/embeddings", OPENAI_USAGE_API)
COSTS = Report("cost", "organization/costs", OPENAI_COST_API)
Reply = AbstractContextManager[APIResponse[Any]]


class OpenAISession:
    def __init__(self, client: openai.OpenAI) -> None:
        self._usage = client.admin.organization.usage.with_streaming_response

    def read(self, question: Question) -> bytes:
        began = clock.now()
        try:
            with failures(), self._asked(question) as reply:
                return read_whole(reply.iter_bytes(), began=began)
        except openai.APIConnectionError as error:
            with failures():
                raise error.__cause__ or error from None
            raise Unanswered("line") from None

    def _asked(self, question: Question) -> Reply:
        start, end = _midnight(question.first), _midnight(question.last + timedelta(days=1))
        page = question.cursor or openai.omit
        if question.report is COSTS:
            return self._usage.costs(
                start_time=start, end_time=end, bucket_width="1d", limit=MOST_DAYS, page=page,
                group_by=["line_item"],
            )
        if question.report is EMBEDDINGS:
            return self._usage.embeddings(
                start_time=start, end_time=end, bucket_width="1d", limit=MOST_DAYS, page=page,
                group_by=["model"],
            )
        return self._usage.completions(
            start_time=start, end_time=end, bucket_width="1d", limit=MOST_DAYS, page=page,
            group_by=["model"],
        )


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())


@contextmanager
def opened() -> Iterator[Session]:
    base_url = settings.OPENAI_BASE_URL
    with failures():
        client = openai.OpenAI(
            api_key=NO_KEY, admin_api_key=settings.OPENAI_ADMIN_KEY, base_url=base_url,
            max_retries=0, http_client=http_client(base_url),
        )
    with client:
        yield OpenAISession(client)


VENDOR = Vendor(
    "openai", "OpenAI", key_setting="OPENAI_ADMIN_KEY", address_setting="OPENAI_BASE_URL",
    keys_page="platform.openai.com/settings/organization/admin-keys",
    reports=(COMPLETIONS, EMBEDDINGS, COSTS), open=opened,
)
