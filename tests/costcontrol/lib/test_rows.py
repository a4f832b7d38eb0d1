"""Rows by words that are written once are what Django reads."""

from uuid import uuid4

import pytest
from django.db import transaction

from billing.models import Reservation
from costcontrol.lib import clock
from costcontrol.lib.rows import Rows, asked, changed
from routing.models import Debate

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


def a_debate(**facts: object) -> Debate:
    return Debate.objects.create(
        user_id=7, topic="기계", language="ko", format="1v1", cast={"pro": [{"key": "kant"}]},
        created_at=clock.now(), **facts,
    )


def fields_of(row: Debate | Reservation) -> dict[str, object]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_a_row_is_what_django_reads() -> None:
    debate = a_debate(is_lean=True, seen_at=clock.now())

    found = Rows(Debate, "WHERE id = %s")(debate.pk)

    assert [fields_of(row) for row in found] == [fields_of(Debate.objects.get(pk=debate.pk))]


def test_a_row_can_be_locked_and_saved() -> None:
    debate = a_debate()

    with transaction.atomic():
        row = Rows(Debate, "WHERE id = %s", lock=True)(debate.pk)[0]
        row.seat = "pro1"
        row.save(update_fields=["seat"])

    assert Debate.objects.get(pk=debate.pk).seat == "pro1"


def test_columns_can_be_left_out_and_are_read_when_they_are_wanted() -> None:
    debate = a_debate(context="long")

    row = Rows(Debate, "WHERE id = %s", without=["context"])(debate.pk)[0]

    assert row.get_deferred_fields() == {"context"}
    assert row.context == "long"


def test_nothing_is_found() -> None:
    assert Rows(Debate, "WHERE id = %s")(uuid4()) == []


def test_values_go_in_as_the_database_wants_them() -> None:
    debate, now = a_debate(), clock.now()

    count = changed(
        "UPDATE routing_debate SET seen_at = %s, status = %s, is_public = %s WHERE id = %s",
        now, Debate.Status.PAUSED, True, debate.pk,
    )

    debate.refresh_from_db()
    assert (count, debate.seen_at, debate.status, debate.is_public) == (1, now, "paused", True)
    assert asked("SELECT status FROM routing_debate WHERE id = %s", debate.pk) == [("paused",)]
