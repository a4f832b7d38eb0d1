"""The pieces of the supervisor, with small real processes."""

import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from costcontrol.supervisor.console import Console
from costcontrol.supervisor.leash import Leash, end_all
from costcontrol.supervisor.part import Keeper, Part, describe, next_delay
from costcontrol.supervisor.preflight import without_password
from tests.services.product import is_alive


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def output() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def leash() -> Iterator[Leash]:
    leash = Leash()
    yield leash
    leash.close()


def python(code: str, **rest: object) -> Part:
    return Part(name="part", command=[sys.executable, "-c", code], cwd=Path.cwd(), **rest)


def wait_until(condition: object, *, within_s: float = 5) -> bool:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize(
    ("delay_s", "alive_s", "expected"),
    [(0.25, 0, 0.5), (0.5, 0, 1.0), (15, 0, 30), (16, 0, 30), (30, 59.9, 30), (30, 60, 0.5)],
)
def test_delay_doubles_to_thirty_seconds_and_starts_afresh_after_a_healthy_minute(
    delay_s: float, alive_s: float, expected: float
) -> None:
    assert next_delay(delay_s, alive_s=alive_s) == expected


def test_end_is_told_in_words() -> None:
    assert describe(1) == "exit code 1"
    assert describe(-9) == "killed by SIGKILL"


def test_line_carries_the_name_of_its_part(output: io.StringIO) -> None:
    Console(output).line("web", "hello")
    assert output.getvalue() == "web    | hello\n"


def test_colour_only_on_a_terminal_and_not_with_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured, plain = Terminal(), Terminal()
    Console(coloured).line("web", "hello")
    monkeypatch.setenv("NO_COLOR", "1")
    Console(plain).line("web", "hello")
    assert coloured.getvalue().startswith("\033[")
    assert plain.getvalue() == "web    | hello\n"


def test_closed_terminal_stops_nobody(output: io.StringIO) -> None:
    console = Console(output)
    output.close()
    console.line("web", "nobody reads this")


def test_part_that_ends_is_started_again(output: io.StringIO, leash: Leash) -> None:
    keeper = Keeper(python("print('hello')"), console=Console(output), leash=leash)
    keeper.start()
    assert wait_until(lambda: output.getvalue().count("part   | hello") == 2)
    keeper.stop(grace_s=5)
    assert "ended (exit code 0); starts again in 0.5 s" in output.getvalue()


def test_part_that_cannot_run_here_is_not_tried_again(output: io.StringIO, leash: Leash) -> None:
    part = python("raise SystemExit(3)", optional_exit=3)
    keeper = Keeper(part, console=Console(output), leash=leash)
    keeper.start()
    assert wait_until(lambda: keeper.has_given_up)
    keeper.stop(grace_s=1)
    assert "starts again" not in output.getvalue()
    assert "cannot run on this machine" in output.getvalue()


def test_part_that_ignores_sigterm_is_killed_after_the_grace(
    output: io.StringIO, leash: Leash
) -> None:
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up'); time.sleep(99)"
    part = python(deaf, env={"PYTHONUNBUFFERED": "1"})
    keeper = Keeper(part, console=Console(output), leash=leash)
    keeper.start()
    assert wait_until(lambda: "up" in output.getvalue())
    keeper.stop(grace_s=0.3)
    assert "did not stop within 0.3 s: killed" in output.getvalue()


def test_grandchild_of_a_dead_part_does_not_live_on(output: io.StringIO, leash: Leash) -> None:
    code = (
        "import subprocess, sys; "
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)']).pid)"
    )
    keeper = Keeper(python(code), console=Console(output), leash=leash)
    keeper.start()
    assert wait_until(lambda: "starts again" in output.getvalue())
    keeper.stop(grace_s=5)
    pid = int(output.getvalue().split()[2])
    assert wait_until(lambda: not is_alive(pid))


def test_leash_ends_the_groups_it_still_holds() -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys, time\n"
            "from costcontrol.supervisor.leash import Leash\n"
            "leash = Leash()\n"
            "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)'],"
            " start_new_session=True)\n"
            "leash.hold(child.pid)\n"
            "print(child.pid, flush=True)\n"
            "time.sleep(99)\n",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout
        pid = int(holder.stdout.readline())
        holder.kill()
        assert wait_until(lambda: not is_alive(pid))


def test_ending_a_group_that_is_gone_is_harmless() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    process.wait()
    end_all([process.pid])


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@host/db", "postgresql://me@host/db"),
        ("postgresql://me:s:e@c@host/db", "postgresql://me@host/db"),
        ("redis://:secret@host:6379", "redis://@host:6379"),
        ("redis://host:6379", "redis://host:6379"),
        ("", ""),
    ],
)
def test_password_of_an_address_is_not_shown(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_environment_of_a_part_is_added_to_ours(output: io.StringIO, leash: Leash) -> None:
    part = python("import os; print(os.environ['A'], os.environ['PATH'])", env={"A": "given"})
    keeper = Keeper(part, console=Console(output), leash=leash)
    keeper.start()
    assert wait_until(lambda: f"given {os.environ['PATH']}" in output.getvalue())
    keeper.stop(grace_s=5)
