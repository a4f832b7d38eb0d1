"""`manage.py replay_workload` as somebody calls it: processes and databases of its own."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from billing.models import UsageRecord


@pytest.mark.slow
@pytest.mark.django_db
def test_a_month_is_played_beside_the_installation_and_written_down(tmp_path: Path) -> None:
    out, file = StringIO(), tmp_path / "month.json"

    call_command(
        "replay_workload", "--debates=4", "--topics=2", "--format=1v1", "--growth=0",
        "--processes=1", f"--json={file}", f"--folder={tmp_path / 'months'}", stdout=out,
        stderr=StringIO(),
    )

    written = json.loads(file.read_text())
    assert written["problems"] == []
    assert [each["debates"] for each in written["checkpoints"]] == [4]
    assert "Ledger, usage rows and the providers' own books agree" in out.getvalue()
    assert (tmp_path / "months" / "month" / "part-0" / "costcontrol.sqlite3").exists()
    assert not UsageRecord.objects.exists()  # none of it is in this installation's database


def test_what_cannot_be_is_refused_before_anything_is_started() -> None:
    with pytest.raises(CommandError, match="--participate is a share"):
        call_command("replay_workload", "--participate=50")
