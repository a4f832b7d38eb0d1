"""`manage.py demo`: three months of a made-up debate platform, and the product on top of it.

Everything lives in DEMO_DIR (.demo): nothing else is written, and no real provider is asked.
"""

import os
import signal
import sys
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from costcontrol.demo import folder, house, screenshots, session, shopper
from costcontrol.demo.folder import Marker
from costcontrol.demo.scenario import Scenario
from costcontrol.lib import clock
from costcontrol.supervisor import preflight

MANAGE = [sys.executable, str(settings.BASE_DIR / "manage.py")]


class Command(BaseCommand):
    help = "Shows the product with three months of made-up data, in a folder of its own."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        usual = Scenario(now=clock.now())
        parser.add_argument("--fresh", action="store_true", help="make the data anew")
        parser.add_argument("--days", type=int, default=usual.days)
        parser.add_argument("--debates-a-day", type=float, default=usual.debates_a_day)
        parser.add_argument("--seed", default=usual.seed)
        parser.add_argument("--only-data", action="store_true", help="do not start the product")
        parser.add_argument("--screenshots", type=Path, help="take pictures into this folder")

    def handle(self, *args: Any, **options: Any) -> None:
        here = folder.demo_dir(settings.BASE_DIR)
        if folder.environment(here) != os.environ:
            start_again(here, sys.argv[1:])
        folder.refuse_real_data(here)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have had it ignored
        try:
            self.data(here, options)
        except KeyboardInterrupt:
            raise CommandError(
                "Stopped before the demo was complete: `make demo` starts it anew."
            ) from None
        if options["screenshots"]:
            self.screenshots(here, options["screenshots"])
        elif not options["only_data"]:
            start_again(here, ["up"])

    def screenshots(self, here: Path, target: Path) -> None:
        marker = folder.marker_read(here)
        assert marker  # it was just made or read
        for path in screenshots.take(marker, target):
            self.stdout.write(f"  {path} ({path.stat().st_size // 1000} KB)")

    def data(self, here: Path, options: dict[str, Any]) -> None:
        preflight.check_data_dir(here)
        lock = preflight.lock_data_dir(here)
        try:
            if not options["only_data"]:
                preflight.check_port(settings.HOST, settings.PORT)  # not only after two minutes
            marker = folder.marker_read(here)
            if marker and marker.is_finished and not options["fresh"]:
                self.reuse(here, marker)
            else:
                self.make(here, options, lock=lock)
        finally:
            os.close(lock)

    def reuse(self, here: Path, marker: Marker) -> None:
        port = folder.free_port(marker.port)
        if port != marker.port:
            folder.marker_write(here, replace(marker, port=port))
            house.point_to(port)
        shopper.furnish(here, folder.marker_read(here) or marker)
        self.stdout.write(
            f"costcontrol: the demo in {here} has {marker.calls:,} calls "
            "(to make it anew: make demo FRESH=1)"
        )

    def make(self, here: Path, options: dict[str, Any], *, lock: int) -> None:
        folder.clear(here)
        scenario = Scenario(
            now=clock.now(), seed=options["seed"], days=options["days"],
            debates_a_day=options["debates_a_day"],
        )
        self.stdout.write(
            f"costcontrol: playing {scenario.days} days of a made-up debate platform into {here} "
            "(some minutes, once)"
        )
        report = session.replay(here, scenario, stream=self.stdout, lock=lock)
        marker = folder.marker_read(here)
        assert marker  # the replay wrote it
        shopper.furnish(here, marker)
        self.stdout.write(report.lines())


def start_again(here: Path, words: list[str]) -> None:
    """The same program for the demo's folder, in this process."""
    environ = folder.environment(here)
    folder.refuse_real_data(here)
    sys.stdout.flush()
    os.execve(sys.executable, [*MANAGE, *words], environ)
