"""Leases of debates: who has one, and for how long."""

from contextlib import ExitStack
from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection, transaction

from costcontrol.lib import clock
from routing.debates import claims
from routing.models import Debate
from tests.routing.debates.playing import debate_make, person_make

pytestmark = [pytest.mark.usefixtures("stage"), pytest.mark.postgresql]


def test_a_debate_belongs_to_one_worker_until_its_lease_ends() -> None:
    debate, now = debate_make(person_make()), clock.now()
    assert claims.claim(debate.pk, worker="one", now=now)
    assert not claims.claim(debate.pk, worker="two", now=now)
    claims.renew([debate.pk], worker="two", now=now + claims.LEASE)  # not theirs
    assert claims.claim(debate.pk, worker="two", now=now + 2 * claims.LEASE)
    claims.renew([debate.pk], worker="one", now=now + 3 * claims.LEASE)  # not any more
    claims.release(debate.pk, worker="one")
    assert Debate.objects.get(pk=debate.pk).worker == "two"


def test_a_renewed_lease_lasts() -> None:
    debate, now = debate_make(person_make()), clock.now()
    assert claims.claim(debate.pk, worker="one", now=now)
    claims.renew([debate.pk], worker="one", now=now + timedelta(seconds=9))
    assert not claims.claim(debate.pk, worker="two", now=now + timedelta(seconds=18))


def test_renewal_waits_for_no_debate_that_is_being_written() -> None:
    """Two who lock several debates, each in an order of their own, would wait for each other."""
    user, now = person_make(), clock.now()
    busy, other = debate_make(user), debate_make(user)
    for debate in (busy, other):
        assert claims.claim(debate.pk, worker="one", now=now)

    def renew() -> None:
        claims.renew([busy.pk, other.pk], worker="one", now=now + claims.LEASE)
        connection.close()

    thread = Thread(target=renew)
    with ExitStack() as stack:
        if connection.vendor == "postgresql":  # SQLite has one writer
            stack.enter_context(transaction.atomic())
            Debate.objects.select_for_update().get(pk=busy.pk)
        thread.start()
        thread.join(3)
        assert not thread.is_alive()
    assert Debate.objects.get(pk=other.pk).lease_until == now + 2 * claims.LEASE
