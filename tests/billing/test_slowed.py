"""How many calls of a user a limit would have refused, by what they made in a day."""

from datetime import timedelta
from uuid import uuid4

import pytest

from billing.reports.slowed import Calls, calls_of
from tests.costcontrol.dashboard import rows
from tests.costcontrol.dashboard.rows import NOW

MINUTE = NOW.replace(second=0)


def made(*seconds: int) -> Calls:
    return Calls(tuple(MINUTE + timedelta(seconds=second) for second in seconds))


@pytest.mark.parametrize(("seconds", "limit", "refused"), [
    ((), 6, 0),
    ((0, 1, 2), 3, 0),
    ((0, 1, 2, 3), 3, 1),
    ((0, 1, 2, 60), 3, 1),  # all of the minute before counts still
    ((0, 1, 2, 90, 91, 92), 3, 1),  # half of it
    ((0, 1, 2, 120), 3, 0),
    ((0, 1), 0, 2),
])
def test_the_window_slides_as_the_gateways(
    seconds: tuple[int, ...], limit: int, refused: int
) -> None:
    assert made(*seconds).refused(limit) == refused


@pytest.mark.postgresql
@pytest.mark.django_db
def test_calls_of_end_users_count_with_those_of_the_service_that_brings_them() -> None:
    service, other = rows.person(), rows.person("carol@example.com")
    end_user = type(service).objects.create(owner=service, external_id="s1", tier_id="premium")
    for user in (service, end_user, other):
        rows.call(user_id=user.pk)
    assert len(calls_of(service.pk, now=NOW).moments) == 2
    assert len(calls_of(end_user.pk, now=NOW).moments) == 1


@pytest.mark.postgresql
@pytest.mark.django_db
def test_a_call_counts_once_and_only_if_the_limit_would_have_seen_it() -> None:
    tried_twice = uuid4()
    rows.call(user_id=7, call_id=tried_twice)
    rows.call(user_id=7, call_id=tried_twice, attempt=2)
    rows.call(user_id=7, parent_call_id=uuid4())
    rows.call(NOW - timedelta(hours=24), user_id=7)
    rows.hit(user_id=7)
    assert len(calls_of(7, now=NOW).moments) == 2
