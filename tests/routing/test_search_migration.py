"""The kind of call that searches, in an installation that had it as it was shipped before."""

from importlib import import_module

import pytest
from django.apps import apps

from routing.debates.shipped import kinds_load
from routing.models import CallKindRow

pytestmark = pytest.mark.django_db
migration = import_module("routing.migrations.0016_citations")


def before(**changes: object) -> CallKindRow:
    kinds_load()
    shipped = {"key_fields": ["query_hash"], "max_output_tokens": 128, "is_batchable": False}
    CallKindRow.objects.filter(name="rag_search").update(**shipped | changes)
    migration.search_for_a_side(apps, None)
    return CallKindRow.objects.get(name="rag_search")


def test_it_becomes_what_is_shipped_now() -> None:
    row = before()
    CallKindRow.objects.all().delete()
    kinds_load()
    now = CallKindRow.objects.get(name="rag_search")
    for name in ("key_fields", "max_output_tokens", "is_batchable", "ttl_days", "complexity"):
        assert getattr(row, name) == getattr(now, name), name


def test_what_an_operator_wrote_stays() -> None:
    row = before(max_output_tokens=256)
    assert (row.max_output_tokens, row.is_batchable) == (256, False)
