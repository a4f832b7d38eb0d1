"""`manage.py precompute`: estimate, start, watch, stop, report."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.models import User
from routing.models import PrecomputeRun
from tests.routing.precompute.house import debates_make
from tests.upstreams.batches import BatchUpstream


@pytest.fixture(autouse=True)
def quick(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PRECOMPUTE_POLL_S = 0
    monkeypatch.setattr("routing.management.commands.precompute.LOOK_S", 0.0)


def said(*args: str) -> str:
    out = StringIO()
    call_command("precompute", *args, stdout=out)
    return out.getvalue()


def estimated(user: User) -> int:
    debates_make(user, 60)
    said("estimate", "--budget", "5", "--languages", "ko", "--topics", "1", "--variants", "1")
    return int(PrecomputeRun.objects.latest("pk").pk)


def test_an_estimate_says_what_it_costs_and_what_it_assumes(user: User) -> None:
    debates_make(user, 60)
    text = said("estimate", "--budget", "5", "--languages", "ko", "--topics", "1")
    assert "60 debates in 30 days" in text
    assert "opening_statement" in text
    assert "To start it: manage.py precompute start" in text


def test_a_run_is_started_and_watched_to_its_end(user: User, upstream: BatchUpstream) -> None:
    pk = str(estimated(user))
    text = said("start", pk, "--work")
    assert "17 of 17" in text
    assert "not paid back yet" in text
    assert PrecomputeRun.objects.get().status == "finished"
    assert "produced 17 of 17" in said("report", pk)
    assert f"Run {pk}, finished" in said("report")


def test_a_run_is_stopped(user: User) -> None:
    pk = str(estimated(user))
    said("start", pk)
    said("stop", pk)
    assert PrecomputeRun.objects.get().status == "stopping"


@pytest.mark.parametrize(
    ("args", "why"),
    [(("estimate", "--budget", "lots"), "in dollars"), (("start", "77"), "no run 77"),
     (("estimate", "--budget", "5", "--kinds", "poem"), "There is no “poem”")],
)
def test_what_cannot_be_done_is_said(user: User, args: tuple[str, ...], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        said(*args)


def test_off_is_said(user: User, settings: Settings) -> None:
    settings.PRECOMPUTE_MONTHLY_USD = "0"
    debates_make(user, 60)
    assert "Precompute is off" in said("estimate", "--budget", "5")
    with pytest.raises(CommandError, match="PRECOMPUTE_MONTHLY_USD"):
        said("start", str(PrecomputeRun.objects.latest("pk").pk))
