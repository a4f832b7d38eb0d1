"""Files are kept once, audited, and never changed."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEvent
from billing.models import UsageImport, UsageImportLine
from billing.usage_imports.importing import Imported, usage_import
from billing.usage_imports.reading import NotUnderstood
from costcontrol.lib import clock
from costcontrol.lib.errors import BadRequest
from tests.billing.books import NOW
from tests.billing.usage_imports import files

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


def bring(text: str = files.ANTHROPIC, provider: str = "anthropic") -> Imported:
    return usage_import(
        provider, text.encode(), file_name="usage.csv", actor="alice@example.org", now=NOW
    )


def test_a_file_is_kept_with_its_lines_and_audited() -> None:
    done = bring()
    assert (done.is_new, done.lines, done.row.zone) == (True, 2, "UTC")
    line = done.row.lines.get(model="claude-haiku-5-5-20260901")
    assert (line.fresh_input_tokens, line.output_tokens, line.cost_nanos) == (110, 55, None)
    event = AuditEvent.objects.get(action="usage_import")
    assert (event.actor, event.after["file"]) == ("alice@example.org", "usage.csv")


def test_the_same_file_is_not_kept_twice() -> None:
    first = bring()
    again = bring()
    assert (again.is_new, again.row) == (False, first.row)
    assert UsageImportLine.objects.count() == 2
    assert AuditEvent.objects.filter(action="usage_import").count() == 1


def test_a_later_file_of_the_same_days_leaves_the_earlier_one() -> None:
    bring()
    bring(files.ANTHROPIC.replace(",50,0", ",60,0"))
    assert UsageImport.objects.count() == 2
    assert UsageImportLine.objects.count() == 4


def test_nothing_is_kept_of_a_file_with_a_bad_line() -> None:
    with pytest.raises(NotUnderstood):
        bring(files.ANTHROPIC.replace("2026-11-21", "soon"))
    assert not UsageImport.objects.exists()


def test_a_file_belongs_to_its_provider() -> None:
    with pytest.raises(NotUnderstood, match="another provider"):
        bring(provider="openai")
    with pytest.raises(BadRequest, match="Choose whose file"):
        bring(provider="nobody")


def test_the_command_says_what_it_did(tmp_path: Path) -> None:
    file = tmp_path / "usage.csv"
    file.write_text(files.ANTHROPIC)
    out = StringIO()
    with clock.at(NOW):
        call_command("import_usage", str(file), provider="anthropic", stdout=out)
        call_command("import_usage", str(file), provider="anthropic", stdout=out)
    assert out.getvalue().splitlines() == [
        "Anthropic, usage: 2 lines, 2026-11-20 to 2026-11-21 (UTC).",
        "This file was imported before, on 2026-11-25.",
    ]


def test_the_command_names_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "usage.csv"
    file.write_bytes(files.ours("soon,x,1,1,1,1"))
    with clock.at(NOW), pytest.raises(CommandError, match=r"(?s)Nothing was imported.*Line 2"):
        call_command("import_usage", str(file), provider="openai")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_usage", str(tmp_path / "none.csv"), provider="openai")
