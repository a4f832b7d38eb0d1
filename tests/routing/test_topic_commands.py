"""`embed_topics`, `calibrate_topics` and `evaluate_topics`, as an operator runs them."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from costcontrol.lib import clock
from routing.debates.shipped import FOLDER
from routing.debates.topic_index import forget
from routing.models import TopicCalibration, TopicMatch, TopicVector
from tests.routing.debates.topic_rows import TITLES, calibrate, model, topics_make

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


@pytest.fixture(autouse=True)
def with_embedder(settings: Any) -> Iterator[None]:
    settings.TOPIC_EMBEDDER = "builtin"
    forget()
    topics_make()
    yield
    forget()


def run(command: str, *arguments: Any) -> str:
    out = StringIO()
    call_command(command, *map(str, arguments), stdout=out)
    return out.getvalue()


def written(folder: Path, *rows: Any) -> Path:
    path = folder / "set.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    return path


def catalogue_set(folder: Path, **row: Any) -> Path:
    """The topics of the database, and what is said of one of them."""
    rows = [{"id": key, "ko": ko, "en": en} for key, (ko, en) in TITLES.items()]
    rows[0] |= row
    return written(folder, *rows)


def test_topics_are_embedded_once_and_what_ships_is_loaded_once() -> None:
    assert f"{2 * len(TITLES)} titles embedded, 2 shipped" in run("embed_topics")
    assert "0 titles embedded, 0 shipped" in run("embed_topics")
    assert TopicVector.objects.count() == 2 * len(TITLES)
    TopicCalibration.objects.filter(language="ko").update(is_active=False)
    run("embed_topics")
    assert not TopicCalibration.objects.filter(language="ko", is_active=True).exists(), (
        "what staff switched off stays off"
    )


def test_what_ships_was_measured_with_this_embedder_and_says_so() -> None:
    rows = json.loads((FOLDER / "calibrations.json").read_text())
    mine = [row for row in rows if row["embedder"] == model().hash]
    assert {row["language"] for row in mine} == {"ko", "en"}
    for row in rows:
        assert row["floor"] < row["threshold"] < 1
        assert row["errors"] / row["topics"] < row["bound"]
        assert row["source"]
        assert row["judged"] > 0


@pytest.mark.parametrize("name", ["off", "ollama:none"])
def test_without_an_embedder_starting_goes_on_and_says_what_is_missing(
    name: str, settings: Any
) -> None:
    settings.TOPIC_EMBEDDER = name
    assert "titles and aliases only" in run("embed_topics")
    assert not TopicVector.objects.exists()


def test_a_calibration_is_fitted_told_and_written(tmp_path: Path) -> None:
    names = ["whales", "taxes", "poetry", "zoos", "exams", "silence", "robots", "borders",
             "gambling", "fame", "winter", "ballet", "sugar", "trains", "ghosts", "gold"]
    rows = [
        {"g": name, "lang": "en", "t": text} for name in names
        for text in (f"Are {name} a good thing?", f"Do we think that {name} are good?")
    ]  # fmt: skip
    path = written(tmp_path, *rows)
    told = run("calibrate_topics", "--data", path, "--dry-run")
    assert "Nothing was written." in told
    assert "with 95 % certainty" in told
    assert not TopicCalibration.objects.exists()
    run("calibrate_topics", "--data", path, "--language", "en")
    row = TopicCalibration.objects.get()
    assert (row.language, row.embedder, row.source) == ("en", model().hash, "set.jsonl")
    assert row.topics == len(names) / 2
    assert row.is_active


def test_a_calibration_needs_an_embedder_and_texts(tmp_path: Path, settings: Any) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        run("calibrate_topics", "--data", tmp_path / "none.jsonl")
    path = written(tmp_path, {"g": "a", "lang": "en", "t": "A?"}, {"g": "a", "t": "B?"})
    with pytest.raises(CommandError, match="no text"):
        run("calibrate_topics", "--data", path, "--language", "ko")
    settings.TOPIC_EMBEDDER = "off"
    with pytest.raises(CommandError, match="TOPIC_EMBEDDER"):
        run("calibrate_topics", "--data", path)


def test_an_evaluation_shows_what_became_of_each_text(tmp_path: Path) -> None:
    run("embed_topics")
    calibrate(threshold=0.8, floor=0.3)
    path = catalogue_set(
        tmp_path,
        paraphrases=[{"lang": "ko", "text": "인간을 복제하는 것을 허락해도 되는가?"},
                     {"lang": "ko", "text": "사람을 복제하는 기술을 써도 될까?"},
                     {"lang": "ko", "text": "주말에는 산에 갈까?"}],
        not_same=[{"lang": "ko", "text": "인간 복제를 금지해야 하는가?", "relation": "opposite"}],
    )
    told = run("evaluate_topics", "--data", path)
    assert "resolved 33.3%, resolved or first choice 66.7%" in told
    assert "look-alikes taken silently for the same side: 0 of 1" in told
    assert "주말에는 산에 갈까?" in told, "errors are listed"
    assert "사람을 복제하는 기술을" not in told


def test_an_evaluation_fails_when_a_look_alike_is_let_through(tmp_path: Path) -> None:
    """Said to be one here; no guard can hear that."""
    run("embed_topics")
    calibrate(threshold=0.8, floor=0.3)
    text = "인간을 복제하는 것을 허락해도 되는가?"
    path = catalogue_set(
        tmp_path, not_same=[{"lang": "ko", "text": text, "relation": "scope_shift"}]
    )
    with pytest.raises(CommandError, match="look-alike"):
        run("evaluate_topics", "--data", path)


def test_other_sets_measure_the_embedder(tmp_path: Path) -> None:
    rows = [
        {"g": name, "lang": "en", "t": text} for name in ("whales", "taxes", "zoos", "exams")
        for text in (f"Are {name} good?", f"Do we think that {name} are good?")
    ]  # fmt: skip
    told = run("evaluate_topics", "--data", written(tmp_path, *rows))
    assert "among three 100.0%" in told
    for line in ("in hindsight", "similarity alone", "and polarity, numbers", "and all guards"):
        assert line in told


def test_groups_are_measured_over_several_draws_and_topics_are_not(tmp_path: Path) -> None:
    rows = [
        {"g": name, "lang": "en", "t": text}
        for name in ("whales", "taxes", "zoos", "exams", "ghosts", "gold")
        for text in (f"Are {name} good?", f"Do we think that {name} are good?")
    ]  # fmt: skip
    told = run("evaluate_topics", "--data", written(tmp_path, *rows), "--draws", 2)
    assert "set.jsonl: 2 draws of 3 titles" in told
    assert "wrong of all texts 0.0% (0.0% to 0.0%)" in told
    path = catalogue_set(tmp_path, paraphrases=[{"lang": "en", "text": "Is cloning right?"}])
    told = run("evaluate_topics", "--data", path, "--draws", 2)
    assert "draws" not in told


def test_an_evaluation_tells_what_people_judged(tmp_path: Path) -> None:
    for place, verdict in enumerate(["right", "right", "wrong", ""]):
        TopicMatch.objects.create(
            draw=f"{place}", topic_id="god", language="en", embedder="h", embedder_name="use",
            similarity=0.9, at=clock.now(), verdict=verdict,
            judged_at=clock.now() if verdict else None,
        )
    told = run("evaluate_topics", "--data", catalogue_set(tmp_path, paraphrases=[
        {"lang": "en", "text": "Is it allowed to clone?"}]))  # fmt: skip
    assert "judged by people, use, en: 1 wrong of 3 texts (33.33%, at most 86.46%" in told
