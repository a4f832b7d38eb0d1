"""How a threshold is found and what is claimed for it: on figures that can be checked by hand."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from routing.debates.topic_guards import Doubts
from routing.debates.topic_judging import Count, Half, Judged, fit, judge, split, upper_bound
from routing.debates.topic_sets import Asked, UnknownSet, sets_read


@pytest.mark.parametrize(
    ("errors", "judged", "bound"),
    [(0, 59, 0.05), (0, 149, 0.02), (0, 299, 0.01), (0, 2_995, 0.001), (1, 93, 0.05),
     (1, 473, 0.01)],
)  # fmt: skip
def test_the_bound_is_clopper_and_pearsons(errors: int, judged: int, bound: float) -> None:
    """The numbers of judged texts that tables give for these bounds."""
    assert upper_bound(errors, judged) == pytest.approx(bound, rel=0.01)


def test_nothing_judged_proves_nothing() -> None:
    assert upper_bound(0, 0) == upper_bound(3, 3) == 1.0


def seen(topic: str, similarity: float, *, means: str | None = None, **columns: Any) -> Judged:
    """Somebody asked for `means`, and `topic` was nearest."""
    asked = Asked("a text", group=columns.pop("group", topic), means=means,
                  near=columns.pop("near", ""))
    facts = {"second": 0.1, "own": similarity if means else -1.0, "heard": Doubts(), **columns}
    return Judged(asked, (topic, "other"), similarity, **facts)


def test_errors_are_counted_by_topic() -> None:
    half = Half([
        seen("a", 0.9, means="a"), seen("a", 0.8, means="b"), seen("a", 0.8, means="b"),
        seen("b", 0.7, means="b"),
    ])  # fmt: skip
    assert half.count_at(0.75) == Count(topics=2, errors=1, taken=3, wrong=2)
    assert half.count_at(0.85) == Count(topics=2, errors=0, taken=1, wrong=0)


def test_two_near_titles_and_what_guards_hold_back_are_not_taken() -> None:
    held = Doubts(other_words=True)
    half = Half([
        seen("a", 0.9, means="a", second=0.88), seen("a", 0.9, near="a", heard=held),
        seen("a", 0.9, near="a"), seen("a", 0.9, means="a", heard=held),
    ])  # fmt: skip
    assert half.count_at(0.85) == Count(topics=1, errors=1, taken=2, wrong=1)


def test_the_threshold_is_the_stricter_one_and_each_half_is_judged_by_the_other() -> None:
    found = [seen(f"t{n}", 0.7 + (n % 7) / 100, means=f"t{n}") for n in range(400)]
    wrong = [seen(f"t{n}", 0.69, group=f"u{n}") for n in range(40)]
    fitted = fit(found + wrong, most_wrong=0.01)
    assert fitted is not None
    one, other = (Half(half).best(0.01) for half in split(found + wrong))
    assert one is not None
    assert other is not None
    assert fitted.threshold == max(one, other) > 0.69
    assert (fitted.judged.topics, fitted.judged.taken) == (400, 400)
    assert fitted.judged.errors <= 4
    assert fitted.floor == 0.7


def test_a_set_that_no_threshold_can_tell_apart_gives_none() -> None:
    found = [seen(f"t{n}", 0.9, near=f"t{n}") for n in range(50)]
    found += [seen(f"t{n}", 0.8, means=f"t{n}") for n in range(50)]
    assert fit(found, most_wrong=0.01) is None


def test_a_split_tears_no_group_apart() -> None:
    found = [seen("a", 0.9, group=f"g{n // 3}") for n in range(90)]
    one, other = ({each.asked.group for each in half} for half in split(found))
    assert one
    assert other
    assert not one & other


# --- sets -------------------------------------------------------------------------------------


def written(folder: Path, name: str, *rows: Any) -> Path:
    path = folder / name
    data = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def test_topics_are_read_with_paraphrases_and_look_alikes(tmp_path: Path) -> None:
    path = written(tmp_path, "topics.jsonl", {
        "id": "t1", "ko": "신은 존재하는가?", "en": "Does God exist?",
        "paraphrases": [{"lang": "ko", "text": "신이 있는가?"}],
        "not_same": [{"lang": "en", "text": "Does God not exist?", "relation": "negation"}],
    })  # fmt: skip
    korean, english = sets_read(path)
    assert korean.titles == {"t1": "신은 존재하는가?"}
    assert (korean.asked[0].means, korean.asked[0].is_lookalike) == ("t1", False)
    assert (english.asked[0].means, english.asked[0].near) == (None, "t1")


def test_propositions_and_pairs_are_read(tmp_path: Path) -> None:
    texts = [("same", "A"), ("same", "B"), ("opp", "not A"), ("near", "C")]
    rows = [{"topic": "x", "lang": "en", "kind": kind, "t": text} for kind, text in texts]
    (made,) = sets_read(written(tmp_path, "debate.jsonl.gz", *rows))
    assert made.titles == {"x": "A"}
    assert [each.relation for each in made.asked] == ["", "opp", "near"]
    pairs = [{"lang": "en", "a": "A", "b": "B", "y": 1, "tag": "paraphrase"},
             {"lang": "en", "a": "A", "b": "Z", "y": 0, "tag": "negation"},
             {"lang": "en", "a": "A", "b": "Y", "y": 1, "tag": "paraphrase|amb"}]
    (made,) = sets_read(written(tmp_path, "pairs.jsonl", *pairs))
    assert [(each.means, each.near) for each in made.asked] == [("A", ""), (None, "A")]


def test_half_of_the_groups_are_known_by_one_phrasing(tmp_path: Path) -> None:
    rows = [{"g": f"g{n}", "lang": "ko", "t": f"{n} {m}"} for n in range(10) for m in range(3)]
    (made,) = sets_read(written(tmp_path, "groups.jsonl", *rows))
    assert len(made.titles) == 5
    assert sum(each.means is not None for each in made.asked) == 10
    assert sum(each.means is None for each in made.asked) == 15


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"a": 1}', b"\xff\xfe", b"\x1f\x8b"])
def test_a_file_of_another_shape_is_said(tmp_path: Path, content: bytes) -> None:
    for name in ("x.jsonl", "x.jsonl.gz"):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(UnknownSet, match=name):
            sets_read(path)
    with pytest.raises(UnknownSet):
        sets_read(tmp_path / "none.jsonl")


def test_exact_titles_are_not_judged_by_likeness(tmp_path: Path) -> None:
    class Same:
        name = hash = "one"

        def embed(self, texts: Any) -> Any:
            return np.ones((len(texts), 1), dtype=np.float32)

    pairs = [{"lang": "en", "a": "A", "b": "B", "y": 1},
             {"lang": "en", "a": "C", "b": "a?", "y": 0}]
    (texts,) = sets_read(written(tmp_path, "pairs.jsonl", *pairs))
    found = judge(texts, Same(), progress=lambda done, of: None)
    assert [each.asked.text for each in found] == ["B"]
