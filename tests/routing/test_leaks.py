"""Nothing that one user typed reaches another: a thousand random calls of fifty people.

`python -m bench.leaks` makes ten thousand.
"""

import asyncio
from collections.abc import Iterator

import pytest

from costcontrol.lib import database
from tests.billing.conftest import append_only as append_only
from tests.billing.conftest import committed as committed
from tests.routing.leaks import Crowd, marks_kept_for_others
from tests.routing.sharing import forget_all, house_make

CALLS = 1_000


@pytest.fixture
def crowd(committed: None) -> Iterator[Crowd]:
    house_make()
    yield Crowd(seed=5)
    forget_all()
    database.close_threads()


def test_no_answer_made_of_one_users_text_reaches_another(crowd: Crowd) -> None:
    report = asyncio.run(crowd.play(CALLS))
    assert not report.leaks
    assert not report.wrong
    assert not marks_kept_for_others()
    assert sum(report.by_layer.values()) == CALLS
    assert report.by_layer["pattern"] > CALLS / 10  # there was something to leak
    assert report.by_layer["exact"] > CALLS / 50
