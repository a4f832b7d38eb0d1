"""A plan that changes lets those pass who write down something about its payer."""

from contextlib import ExitStack
from datetime import UTC, datetime
from threading import Thread

import pytest
from django.db import connection, transaction

from accounts.models import Tier
from accounts.services import api_key_issue
from accounts.types import Payer
from billing import budgets
from billing.rules import USER
from tests.routing.debates.playing import person_make

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)


@pytest.mark.usefixtures("committed")
@pytest.mark.postgresql
def test_a_plan_changes_while_somebody_writes_a_row_about_its_user() -> None:
    """The row makes sure that its user is there, and locks them for that until its commit. Whoever
    wrote it may want the windows next, which the change has after the user: with the user locked
    against rows too, one of the two would be thrown out."""
    user = person_make()
    other = Tier.objects.exclude(pk=user.tier_id).first() or Tier.objects.create(
        name="other", title="Other", rank=9
    )
    changed: list[bool] = []

    def change() -> None:
        payer = Payer(USER, str(user.pk))
        changed.append(budgets.plan_change(payer=payer, tier=other, actor="stripe", at=NOW))
        connection.close()

    thread = Thread(target=change)
    with ExitStack() as stack:
        if connection.vendor == "postgresql":  # SQLite has one writer
            stack.enter_context(transaction.atomic())
            api_key_issue(user=user, name="a key", scopes=[], actor="alice")
            connection.check_constraints()  # as its commit does: the user has to be there
        thread.start()
        thread.join(3)
        assert not thread.is_alive()
    assert changed == [True]
