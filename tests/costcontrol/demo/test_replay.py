"""A small demo, made for real: gateway, ledger, Valkey and simulated providers, then its rows."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from billing.ledger_sqlite import DIALECT
from costcontrol.demo import folder
from costcontrol.demo.books import PRICES
from costcontrol.demo.folder import Marker
from costcontrol.demo.scenario import Scenario
from tests.services.product import manage, product_env

pytestmark = pytest.mark.slow

DAYS, DEBATES = 8, 1.6
SMALL = ("demo", "--only-data", "--days", str(DAYS), "--debates-a-day", str(DEBATES))
LOCAL_DAY = "date({}, '+9 hours')"


@dataclass(frozen=True)
class Interrupted:
    """A demo that Ctrl-C ended while its calls were made: what is left of it."""

    home: Path
    code: int
    error: str
    marker: dict[str, Any]


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Interrupted:
    home = tmp_path_factory.mktemp("demo")
    process = subprocess.Popen(
        [sys.executable, "manage.py", *SMALL], cwd=settings.BASE_DIR,
        env=product_env(home, DEMO_DIR=str(home)) | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    assert process.stdout
    with process:
        while "calls  " not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)
    marker = json.loads((home / folder.MARKER).read_text())
    return Interrupted(home, process.returncode, error, marker)


@pytest.fixture(scope="module")
def begun(interrupted: Interrupted) -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def demo(interrupted: Interrupted, begun: datetime) -> Path:
    """Made anew where one was interrupted: of that one nothing may be left in the books."""
    home = interrupted.home
    made = manage(*SMALL, folder=home, within_s=110, DEMO_DIR=str(home))
    assert made.returncode == 0, made.stdout + made.stderr
    assert "calls/s" in made.stdout
    assert "budget overrun" not in made.stderr
    return home


@pytest.fixture
def rows(demo: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(demo / folder.DATABASE)) as database:
        yield database


def values(rows: sqlite3.Connection, query: str, *given: Any) -> list[Any]:
    return [found[0] for found in rows.execute(query, given)]


def test_ctrl_c_ends_it_with_a_sentence(interrupted: Interrupted) -> None:
    assert interrupted.code == 1
    assert "`make demo` starts it anew" in interrupted.error
    assert "Traceback" not in interrupted.error
    assert not interrupted.marker["is_finished"]


def test_after_ctrl_c_the_next_start_makes_it_anew(demo: Path) -> None:
    assert folder.marker_read(demo) != Marker(port=0)
    assert json.loads((demo / folder.MARKER).read_text())["is_finished"]


def test_windows_ledger_and_holds_agree(rows: sqlite3.Connection) -> None:
    assert rows.execute(DIALECT.DIFFERENCES).fetchall() == []
    assert values(rows, "SELECT count(*) FROM billing_ledgerentry") > [100]
    assert values(rows, "SELECT count(*) FROM billing_reservation WHERE state IN (0, 1)") == [0]


def test_every_exact_charge_is_the_providers_own_bill(rows: sqlite3.Connection) -> None:
    query = (
        "SELECT model, fresh_input_tokens, coalesce(cache_read_tokens, 0), output_tokens,"
        " cost_nanos FROM billing_usagerecord WHERE outcome = 'complete' AND confidence = 'exact'"
    )
    found = rows.execute(query).fetchall()
    assert {model for model, *_ in found} >= {"qwen3-8b", "claude-opus-5-5", "gpt-6.1-terra"}
    for model, fresh, cached, output, cost in found:
        per_fresh, per_cached, per_output = PRICES[model]
        assert cost == fresh * per_fresh + cached * per_cached + output * per_output


def test_all_tiers_both_languages_and_the_cache_take_part(rows: sqlite3.Connection) -> None:
    query = "SELECT DISTINCT {} FROM billing_usagerecord WHERE outcome IN ('complete', 'cached')"
    assert set(values(rows, query.format("tier"))) == {"free", "premium", "enterprise"}
    assert set(values(rows, query.format("language"))) == {"ko", "en"}
    assert "exact" in values(rows, query.format("cache_layer"))
    assert {"local", "economy", "mid", "premium"} <= set(values(rows, query.format("model_class")))


def test_the_day_of_the_outage_shows_the_other_vendor(
    rows: sqlite3.Connection, begun: datetime
) -> None:
    scenario = Scenario(now=begun, days=DAYS, debates_a_day=DEBATES)
    fell_back = values(
        rows,
        "SELECT count(DISTINCT a.call_id) FROM billing_usagerecord a JOIN billing_usagerecord b"
        " USING (call_id) WHERE a.provider = 'anthropic' AND a.outcome = 'failed' AND b.provider ="
        f" 'openai' AND b.outcome = 'complete' AND {LOCAL_DAY.format('a.at')} = ?",
        str(scenario.day(scenario.outage)),
    )
    assert fell_back[0] > 0


def test_the_day_of_the_contest_uses_up_the_budget(
    rows: sqlite3.Connection, begun: datetime
) -> None:
    day = str(Scenario(now=begun, days=DAYS).day(Scenario(now=begun, days=DAYS).budget_hit))
    query = f"SELECT count(*) FROM billing_usagerecord WHERE {LOCAL_DAY.format('at')} = ? AND "
    assert values(rows, query + "is_economy", day) > [0]
    assert values(rows, query + "error_code = 'budget_exhausted'", day) > [0]
    over = "SELECT count(*) FROM budget_window WHERE scope_kind = 'platform' AND spent > cap"
    assert values(rows, over) == [0]


def test_everything_happened_in_the_simulated_time(
    rows: sqlite3.Connection, begun: datetime
) -> None:
    first = Scenario(now=begun, days=DAYS).first_instant
    last = begun + timedelta(minutes=5)
    for table, column in (("ledgerentry", "at_ms"), ("reservation", "created_ms")):
        least, most = rows.execute(f"SELECT min({column}), max({column}) FROM billing_{table}")\
            .fetchone()
        assert first.timestamp() * 1000 <= least < (first + timedelta(days=2)).timestamp() * 1000
        assert most <= last.timestamp() * 1000
    days = values(rows, f"SELECT DISTINCT {LOCAL_DAY.format('at')} FROM billing_usagerecord")
    assert len(days) >= DAYS - 1  # today may have only begun
    starts = values(rows, "SELECT count(DISTINCT start) FROM budget_window WHERE scope_kind ="
                          " 'platform'")
    assert starts[0] >= DAYS - 1


def test_durations_are_those_of_a_model(rows: sqlite3.Connection) -> None:
    query = "SELECT avg(latency_ms) FROM billing_usagerecord WHERE outcome = 'complete' AND model ="
    fast, strong = (values(rows, f"{query} ?", name)[0] for name in ("qwen3-8b", "claude-opus-5-5"))
    assert 500 < fast < strong < 60_000


def test_the_rollups_hold_the_same_money(rows: sqlite3.Connection) -> None:
    frontier = values(rows, "SELECT frontier FROM billing_rollupstate")[0]
    rolled = values(rows, "SELECT sum(cost_nanos) FROM billing_hourlyusage WHERE grain = 0")
    spent = values(
        rows, "SELECT sum(cost_nanos) FROM billing_usagerecord WHERE unixepoch(at) < ? * 3600",
        frontier,
    )
    assert rolled == spent
    assert spent[0] > 0


def test_the_second_start_keeps_the_data(demo: Path) -> None:
    before = (demo / folder.DATABASE).read_bytes()
    marker = folder.marker_read(demo)
    assert marker
    again = manage(*SMALL, folder=demo, DEMO_DIR=str(demo))
    assert again.returncode == 0, again.stderr
    assert f"has {marker.calls:,} calls" in again.stdout
    assert "make demo FRESH=1" in again.stdout
    assert (demo / folder.DATABASE).read_bytes() == before


def test_a_real_key_is_not_used(demo: Path) -> None:
    shown = manage(
        "shell", "-v", "0", "-c",
        "from routing.models import Deployment as D; print(*D.objects.filter(is_enabled=True)"
        ".values_list('base_url', 'api_key_env'))",
        folder=demo, ANTHROPIC_API_KEY="real", OPENAI_API_KEY="real",
    )
    assert "127.0.0.1" in shown.stdout
    assert "DEMO_KEY" in shown.stdout
    assert "''" not in shown.stdout
    assert os.environ.get("DEMO_KEY") is None  # only inside a demo's folder
