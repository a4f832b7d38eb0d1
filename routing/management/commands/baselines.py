"""What savings are measured against: which baselines there are, and a new version of one."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand

from billing import baselines
from billing.baselines import ORIGINAL, PREMIUM, ByDeployment, Named, Rate
from costcontrol.lib.clock import now
from routing.frozen import freeze_anew

NAMES = (PREMIUM, ORIGINAL)


class Command(BaseCommand):
    help = "Lists the baselines of savings; --freeze makes a new version at today's prices."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--freeze", choices=NAMES, help="supersede this one; rows of before keep the old one"
        )

    def handle(self, *, freeze: str | None, **options: Any) -> None:
        if freeze:
            made = freeze_anew(freeze, at=now(), actor="command baselines")
            self.stdout.write(
                f"{made} is frozen. Calls from now on are compared with it."
                if made else f"{freeze}: models and prices are those of the version in force."
            )
        for name in NAMES:
            for each in baselines.versions(name):
                for line in lines_of(each):
                    self.stdout.write(line)


def lines_of(each: Named) -> Iterator[str]:
    until = f"{each.superseded_at:%Y-%m-%d %H:%M}" if each.superseded_at else "now"
    yield f"{each.name} {each.version}: {each.title}"
    yield f"  frozen {each.frozen_at:%Y-%m-%d %H:%M} UTC, in force until {until}"
    if isinstance(each.how, ByDeployment):
        for rate in each.how.rates:
            yield f"  from {rate.min_input_tokens} input tokens: {rate_text(rate)}"
        return
    for model, rate in sorted({*each.how.models.values(), each.how.other}, key=str):
        kinds = sorted(kind for kind, named in each.how.models.items() if named[0] == model)
        yield f"  {model} {rate_text(rate)}: {', '.join(kinds)}"
    yield f"  any other kind: {each.how.other[0]}"
    yield f"  source: {each.how.source}"


def rate_text(rate: Rate) -> str:
    return (
        f"{rate.input:f} in, {rate.output:f} out (USD per million tokens),"
        f" {rate.search_usd:f} USD a search"
    )
