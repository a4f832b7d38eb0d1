"""Find out from which similarity on a text means a topic, for the embedder in use.

Fitted on one half of the topics and judged on the other, both ways round. The figure that counts
is the bound: with 95 % certainty no larger share of topics has a wrong text taken for them.
"""

from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from costcontrol.lib import clock
from routing.debates.topic_calibration import calibration_add
from routing.debates.topic_judging import MOST_WRONG, Fit, Judged, fit, judge, named
from routing.debates.topic_sets import TextSet, UnknownSet, sets_read
from routing.debates.types import LANGUAGES
from routing.embeddings import Embedder, EmbedderAway, embedder


class Command(BaseCommand):
    help = "Calibrates the topic resolver on labelled texts, and writes what it found."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--data", action="append", required=True, type=Path, metavar="PATH",
            help="a file of labelled texts (docs/topic-resolver.md); may be repeated",
        )
        parser.add_argument("--language", choices=LANGUAGES, help="left out: all there are")
        parser.add_argument("--dry-run", action="store_true", help="write nothing")

    def handle(
        self, *, data: list[Path], language: str | None, dry_run: bool, **options: Any
    ) -> None:
        model = embedder_or_error()
        by_language = judged_by_language(data, language, model, progress_to(self))
        self.stdout.write(f"{model.name} {model.hash}")
        for code, (found, sources) in by_language.items():
            fitted = fit(found, most_wrong=MOST_WRONG)
            self._tell(code, found, fitted, sources)
            if fitted and not dry_run:
                calibration_add(model, code, fitted, sources=sources, now=clock.now())
        if dry_run:
            self.stdout.write("Nothing was written.")

    def _tell(
        self, code: str, found: Sequence[Judged], fitted: Fit | None, sources: Sequence[str]
    ) -> None:
        self.stdout.write(f"{code}: {len(found)} texts of {', '.join(sources)}")
        if fitted is None:
            self.stdout.write(f"  no threshold keeps to {MOST_WRONG:.0%} wrong: nothing to use")
            return
        counted = fitted.judged
        self.stdout.write(
            f"  threshold {fitted.threshold:.3f}, floor {fitted.floor:.2f}\n"
            f"  topics {counted.topics}, with something wrong {counted.errors}: at most "
            f"{counted.bound:.2%}, with 95 % certainty\n"
            f"  texts taken {counted.taken}, wrong {counted.wrong}; {clock.now():%Y-%m-%d}"
        )
        if not counted.keeps_to(MOST_WRONG):
            self.stdout.write(
                f"  more than {MOST_WRONG:.0%} of the topics: written down, and not in use unless "
                "you switch it on in the admin"
            )


def embedder_or_error() -> Embedder:
    model = embedder()
    if model is None:
        raise CommandError("There is no embedder. Set TOPIC_EMBEDDER; see docs/topic-resolver.md.")
    return model


def judged_by_language(
    paths: Sequence[Path], language: str | None, model: Embedder,
    progress: Callable[[str, int, int], None],
) -> dict[str, tuple[list[Judged], list[str]]]:
    """What was judged, and from which sets. Raises CommandError."""
    found: dict[str, tuple[list[Judged], list[str]]] = defaultdict(lambda: ([], []))
    for texts in sets_or_error(paths, language):
        label = f"{texts.name} {texts.language}"
        try:
            judged = judge(texts, model, progress=partial(progress, label))
        except EmbedderAway as away:
            raise CommandError(f"{model.name} does not answer: {away}") from None
        found[texts.language][0].extend(named(judged, texts.name))
        found[texts.language][1].append(texts.name)
    return found


def sets_or_error(
    paths: Sequence[Path], language: str | None = None, *, groups: int | None = None
) -> list[TextSet]:
    try:
        sets = [texts for path in paths for texts in sets_read(path, groups=groups)]
    except UnknownSet as error:
        raise CommandError(str(error)) from None
    wanted = [texts for texts in sets if language in (None, texts.language)]
    if not wanted:
        raise CommandError(f"There is no text in “{language}” in these files.")
    return wanted


def progress_to(command: BaseCommand) -> Callable[[str, int, int], None]:
    """Where a person looks on: one line that is written over."""

    def tell(label: str, done: int, of: int) -> None:
        if command.stderr.isatty():
            command.stderr.write(f"\r{label}: {done} of {of}", ending="\n" if done == of else "")

    return tell
