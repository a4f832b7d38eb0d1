"""How well the topic resolver does on labelled texts, with every error listed.

Topics of the catalogue go through the resolver as it runs. Other sets have titles of their own and
measure the embedder: whether the right one is among three, and what is answered without asking.
"""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from costcontrol.lib import clock
from routing.debates.topic_draws import FITTED_TO, draws_of, spread
from routing.debates.topic_evaluation import (
    PARAPHRASE,
    Answered,
    Zone,
    answered,
    confusion,
    median_ms,
    zone,
)
from routing.debates.topic_judging import Judged, judge, upper_bound
from routing.debates.topic_sets import TextSet, is_of_groups
from routing.embeddings import embedder
from routing.management.commands.calibrate_topics import (
    embedder_or_error,
    progress_to,
    sets_or_error,
)
from routing.models import Topic
from routing.reports.topic_matches import measured

OUTCOMES = (
    "resolved", "resolved, swapped", "first", "first, swapped", "in three", "in three, swapped",
    "not offered", "other topic",
)  # fmt: skip


ZONES = {
    "hindsight": "similarity, in hindsight", "similarity": "similarity alone",
    "polarity": "and polarity, numbers", "all": "and all guards",
}


class Command(BaseCommand):
    help = "Evaluates the topic resolver on labelled texts; fails if a look-alike is let through."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--data", action="append", required=True, type=Path, metavar="PATH",
            help="a file of labelled texts (docs/topic-resolver.md); may be repeated",
        )

        parser.add_argument(
            "--groups", type=int, help="of sets of groups only so many, drawn by lot"
        )
        parser.add_argument(
            "--draws", type=int, default=0,
            help="measure groups anew so often, with others drawn each time",
        )
        parser.add_argument(
            "--margin", type=float, default=0.0,
            help="with --draws: take this part of the second similarity off the first",
        )

    def handle(
        self, *, data: list[Path], groups: int | None, draws: int, margin: float, **options: Any
    ) -> None:
        model, is_safe = embedder(), True
        self.stdout.write(f"{model.name if model else 'no embedder'}, {clock.now():%Y-%m-%d}")
        for texts in sets_or_error(data, groups=groups):
            if is_of_catalogue(texts):
                is_safe = self._catalogue(texts) and is_safe
            else:
                label = f"{texts.name} {texts.language}"
                tell = partial(progress_to(self), label)
                self._others(label, judge(texts, embedder_or_error(), progress=tell))
        for path in filter(is_of_groups, data if draws else ()):
            self._draws(path, groups, draws, margin)
        self._judged_by_people()
        if not is_safe:
            raise CommandError("A look-alike was taken for the same side of the same topic.")

    def _catalogue(self, texts: TextSet) -> bool:
        """Whether no look-alike was let through."""
        found = answered(texts)
        paraphrases = [each for each in found if not each.asked.is_lookalike]
        let_through = [
            each for each in found if each.asked.is_lookalike and each.outcome == "resolved"
        ]
        self.stdout.write(f"\n{texts.name} {texts.language}: {len(texts.titles)} topics")
        self._table(confusion(found))
        self._shares(paraphrases)
        self.stdout.write(
            f"look-alikes taken silently for the same side: {len(let_through)} of "
            f"{len(found) - len(paraphrases)}\n"
            f"median {median_ms(each.seconds for each in found):.1f} ms a text, of that "
            f"{median_ms(each.cpu_seconds for each in found):.1f} ms at work"
        )
        for each in found:
            if each.is_error or each.outcome == "other topic":
                self.stdout.write(f"  {_told(each)}")
        return not let_through

    def _draws(self, path: Path, groups: int | None, draws: int, margin: float) -> None:
        tell = partial(progress_to(self), f"{path.name}, draws")
        found = list(draws_of(
            path, embedder_or_error(), groups=groups, draws=draws, progress=tell, margin=margin
        ))  # fmt: skip
        self.stdout.write(
            f"\n{path.name}: {len(found)} draws of {found[0].titles} titles, margin {margin:g}, "
            f"threshold of one half (at most {FITTED_TO:.2%} wrong there) tried on the other one\n"
            f"  answered without asking {spread([each.right for each in found])}, "
            f"wrong of all texts {spread([each.wrong for each in found])}"
        )

    def _judged_by_people(self) -> None:
        for each in measured():
            self.stdout.write(
                f"\njudged by people, {each.embedder}, {each.language}: {each.wrong} wrong of "
                f"{each.judged} texts ({each.rate:.2%}, at most {each.bound:.2%} with 95 % "
                f"certainty), {each.topics_wrong} of {each.topics} topics; last "
                f"{each.last:%Y-%m-%d}"
            )

    def _table(self, table: Mapping[str, Counter[str]]) -> None:
        columns = [name for name in OUTCOMES if any(row[name] for row in table.values())]
        wide = max(len(name) for name in (*table, PARAPHRASE))
        self.stdout.write(" " * wide + "".join(f"  {name}" for name in columns))
        for name, row in sorted(table.items(), key=lambda pair: (pair[0] != PARAPHRASE, pair[0])):
            cells = (f"  {row[column]:>{len(column)}}" for column in columns)
            self.stdout.write(f"{name:<{wide}}" + "".join(cells))

    def _shares(self, paraphrases: Sequence[Answered]) -> None:
        counted = Counter(each.outcome for each in paraphrases)
        resolved, total = counted["resolved"], len(paraphrases) or 1
        first = resolved + counted["first"]
        three = first + sum(counted[name] for name in ("first, swapped", "in three",
                                                       "in three, swapped"))
        self.stdout.write(
            f"paraphrases: resolved {resolved / total:.1%}, resolved or first choice "
            f"{first / total:.1%}, resolved or among three {three / total:.1%}"
        )

    def _others(self, label: str, found: Sequence[Judged]) -> None:
        known = [each for each in found if each.asked.means]
        first = sum(each.is_right for each in known) / len(known)
        three = sum(each.asked.means in each.titles for each in known) / len(known)
        self.stdout.write(
            f"\n{label}: {len(found)} texts, {len(known)} mean one of "
            f"{len({each.asked.means for each in known})} titles\n"
            f"the right one first {first:.1%}, among three {three:.1%}\n"
            "answered without asking, at most 1 % of all texts wrong; in hindsight, and at the "
            "stricter of the thresholds of two halves:"
        )
        for name in ZONES:
            self.stdout.write(f"  {_zone_told(zone(found, name))}")


def is_of_catalogue(texts: TextSet) -> bool:
    known = Topic.objects.filter(key__in=texts.titles).values_list("key", texts.language)
    return dict(known) == texts.titles


def _zone_told(found: Zone) -> str:
    bound = upper_bound(found.topics_wrong, found.topics)
    return (
        f"{ZONES[found.name]:<27} {found.hits / found.answerable:6.1%} right, "
        f"{found.wrong / found.asked:.2%} wrong; topics wrong {found.topics_wrong} of "
        f"{found.topics}, at most {bound:.1%}; from {found.threshold:.3f}"
    )


def _told(each: Answered) -> str:
    found = each.found.topic.key if each.found.topic else ", ".join(
        f"{choice.topic.key}{' swapped' if choice.is_swapped else ''}"
        for choice in each.found.choices
    )
    wanted = each.asked.means or each.asked.near
    return f"{each.outcome}: {each.asked.text} | {wanted} | {found or 'nothing'}"
