"""Web, worker and Valkey are killed while a debate is being written. `bench.debate_kills` is the
same with more of everything, on a PostgreSQL that is killed as well."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.plugin import DjangoDbBlocker

from tests.flows.debate_rooms import debate_room
from tests.services.debate_books import DebateBooks
from tests.services.debate_trial import Diary, settle_down, strike_of, strike_on_worker, trial
from tests.services.debating import Debating, running_debating

pytestmark = pytest.mark.postgresql


@pytest.fixture(scope="module")
def outcome(
    tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker
) -> Iterator[tuple[list[Diary], DebateBooks]]:
    folder = tmp_path_factory.mktemp("kills")
    with running_debating() as upstream, django_db_blocker.unblock():
        upstream.will(first_s=0.03, tokens_s=800, piece_s=0.02)
        yield _killed(folder, upstream)


def _killed(folder: Path, upstream: Debating) -> tuple[list[Diary], DebateBooks]:
    with debate_room(folder, upstream, people=2) as (house, keys):
        strikes = [strike_of(house, "web", away_s=0.2), strike_of(house, "valkey", away_s=0.2),
                   strike_on_worker(house)]  # fmt: skip
        diaries = asyncio.run(trial(house, keys, strikes, within_s=100, pause_s=0.1))
        return diaries, DebateBooks(settle_down(house), upstream.sales())


def test_every_debate_is_finished(outcome: tuple[list[Diary], DebateBooks]) -> None:
    diaries, books = outcome
    assert [diary.is_over for diary in diaries] == [True, True]
    assert {debate["status"] for debate in books.told["debates"]} == {"finished"}


def test_readers_see_every_event_once(outcome: tuple[list[Diary], DebateBooks]) -> None:
    diaries, books = outcome
    stored = {(turn["debate_id"], turn["number"]): turn["text"] for turn in books.told["turns"]}
    for diary in diaries:
        assert diary.faults() == []
        for number, heard in diary.turns.items():
            assert heard.text.strip() == stored[diary.debate_id, number].strip()


def test_killed_worker_starts_its_turn_again(outcome: tuple[list[Diary], DebateBooks]) -> None:
    diaries, _ = outcome
    assert sum(diary.restarts for diary in diaries) >= 1


def test_nothing_is_billed_twice_and_nothing_stays_held(
    outcome: tuple[list[Diary], DebateBooks]
) -> None:
    _, books = outcome
    assert books.faults() == []
    # What was cut off is estimated, for models that are not as fast as this one.
    assert books.told["ledger"] > 0.9 * books.upstream_bill
