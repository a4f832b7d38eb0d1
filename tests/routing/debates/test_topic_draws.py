"""What can be answered without asking, over many draws: the threshold is never fitted on the texts
that it is judged on."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from routing.debates.topic_draws import Remembering, draws_of, held_out, spread
from routing.debates.topic_evaluation import lowest_threshold
from routing.debates.topic_guards import Doubts
from routing.debates.topic_judging import Judged, split
from routing.debates.topic_sets import Asked, is_of_groups, sets_read
from routing.embeddings import Vectors


def judged(group: str, first: float, *, is_right: bool = True, is_known: bool = True) -> Judged:
    asked = Asked(f"{group} {first}", group, means=group if is_known else None)
    title = group if is_right else "another"
    return Judged(asked, (title,), first, 0.0, first, Doubts())


def groups_of(half: int, count: int) -> list[str]:
    names = (f"g{place}" for place in range(1_000))
    return [name for name in names if _half(name) == half][:count]


def _half(name: str) -> int:
    return int(not split([judged(name, 0.5)])[0])


def test_the_threshold_is_the_lowest_with_so_few_errors() -> None:
    found = [judged("a", first) for first in (0.9, 0.8, 0.7, 0.6)]
    found.append(judged("b", 0.65, is_right=False))
    assert lowest_threshold(found, most_wrong=0.0) == 0.7
    assert lowest_threshold(found, most_wrong=0.2) == 0.6
    assert lowest_threshold(found, of=500, most_wrong=0.002) == 0.6


def test_each_half_is_judged_at_the_threshold_of_the_other_one() -> None:
    """One half would take everything from .5 on; the other one has an error at .8."""
    easy, hard = groups_of(0, 100), groups_of(1, 100)
    found = [judged(name, 0.5 + place / 1_000) for place, name in enumerate(easy)]
    found += [judged(name, 0.9) for name in hard[:50]]
    found += [judged(name, 0.8, is_right=False, is_known=False) for name in hard[50:]]
    seen = held_out(found, titles=150)
    assert seen.right == pytest.approx(50 / 150), "of the easy half nothing reaches .9"
    assert seen.wrong == pytest.approx(50 / 200), "at .5 the hard half has 50 errors"


def test_a_margin_counts_against_a_text_that_has_a_second_title_as_near() -> None:
    found = [judged(name, 0.8) for name in groups_of(0, 10) + groups_of(1, 10)]
    torn = [replace(judged(name, 0.9, is_right=False, is_known=False), second=0.9)
            for name in groups_of(0, 20)[10:] + groups_of(1, 20)[10:]]
    assert held_out([*found, *torn], titles=20).right == 0.0
    with_margin = held_out([*found, *torn], titles=20, margin=0.5)
    assert (with_margin.right, with_margin.wrong) == (1.0, 0.0)


class ByLength:
    name = hash = "by length"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)


def test_a_text_is_embedded_once() -> None:
    model = ByLength()
    memory = Remembering(model)
    assert memory.embed(["a", "bb", "a"])[:, 0].tolist() == [1, 2, 1]
    assert memory.embed(["bb", "ccc"])[:, 0].tolist() == [2, 3]
    assert model.asked == ["a", "bb", "ccc"]
    assert memory.hash == model.hash


def written(folder: Path) -> Path:
    path = folder / "groups.jsonl"
    rows = [
        {"g": f"g{group}", "lang": "en", "t": f"{'word ' * group}{text}?"}
        for group in range(20) for text in ("once", "twice", "thrice")
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_each_draw_knows_other_groups_and_the_same_draw_the_same(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert is_of_groups(path)
    titles = [
        frozenset(name.rpartition("/")[2] for name in found.titles)
        for draw in (1, 2, 3, 1) for found in sets_read(path, groups=12, draw=draw)
    ]
    assert len(set(titles)) == 3
    assert titles[0] == titles[3]
    assert {len(each) for each in titles} == {6}


def test_draws_are_told_one_by_one(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    found = list(draws_of(
        written(tmp_path), ByLength(), groups=None, draws=3,
        progress=lambda done, of: seen.append((done, of)),
    ))  # fmt: skip
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert {each.titles for each in found} == {10}
    assert all(0 <= share <= 1 for each in found for share in (each.right, each.wrong))


def test_a_spread_has_its_mean_and_its_ends() -> None:
    assert spread([0.5, 0.7, 0.6]) == "60.0% (50.0% to 70.0%)"
