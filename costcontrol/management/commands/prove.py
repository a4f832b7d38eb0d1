"""`manage.py prove`: budgets under bursts, crashes and a dead Valkey, on the configured server."""

import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from costcontrol.lib.money import from_usd
from costcontrol.proof.broker import Broker
from costcontrol.proof.bursts import prove_burst, prove_repeats
from costcontrol.proof.kills import prove_kills
from costcontrol.proof.rows import rows_make
from costcontrol.proof.scene import Result, Scene
from costcontrol.proof.scratch import scratch_database, scratch_home
from costcontrol.proof.upstream import running_upstream
from costcontrol.supervisor import preflight


class Command(BaseCommand):
    help = "Proves that budgets hold: real calls, killed workers, a killed Valkey, a minute."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--quick", action="store_true", help="a smaller proof, ten seconds")

    def handle(self, *, quick: bool, **options: Any) -> None:
        home = scratch_home()
        preflight.check_data_dir(home)
        preflight.check_database()
        try:
            are_ok = self._prove(home, is_quick=quick)
        except RuntimeError as error:
            raise CommandError(f"The proof could not be led: {error}") from error
        except KeyboardInterrupt:
            raise CommandError("Stopped before the end. Nothing is left behind.") from None
        if not all(are_ok):
            raise CommandError("The proof failed: see FAIL above.")
        self.stdout.write("\nProved: no budget was passed, nothing was lost, nothing stays held.")

    def _prove(self, home: Path, *, is_quick: bool) -> list[bool]:
        are_ok = []
        with ExitStack() as stack:
            scratch = tempfile.TemporaryDirectory(prefix="prove-", dir=home)
            folder = Path(stack.enter_context(scratch))
            url = stack.enter_context(scratch_database(folder))
            self.stdout.write(
                f"Proving on {connection.vendor}, in the scratch database "
                f"{connection.settings_dict['NAME']}: your own rows are not touched.\n"
            )
            for result in self._proofs(stack, folder, url, is_quick=is_quick):
                self.stdout.write(f"\n{result}\n")
                self.stdout.flush()
                are_ok.append(result.is_ok)
        return are_ok

    def _proofs(
        self, stack: ExitStack, folder: Path, url: str, *, is_quick: bool
    ) -> Iterator[Result]:
        address, books = stack.enter_context(running_upstream())
        broker = Broker(folder)
        stack.callback(broker.kill)
        rows_make(address)
        env = {"DATABASE_URL": url, "REDIS_URL": broker.url, "DATA_DIR": str(folder)}
        scene = Scene(folder, books, env, stack)
        if is_quick:
            yield prove_burst(scene, processes=2, calls=20, room=10)
            yield prove_kills(scene, broker, processes=2, seconds=8, cap=from_usd("0.25"))
            return
        yield prove_burst(scene, processes=4, calls=50, room=40)
        yield prove_repeats(scene, processes=4, calls=30)
        yield prove_kills(scene, broker, processes=4, seconds=30, cap=from_usd("1.00"))
