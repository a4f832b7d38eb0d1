"""The demo's folder: nothing of it gets near real data, and it can always be made anew."""

import sqlite3
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from costcontrol.demo import folder
from costcontrol.demo.folder import Marker
from tests.services.product import manage


def real_database(home: Path) -> bytes:
    home.mkdir()
    path = home / folder.DATABASE
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE billing_usagerecord (id INTEGER)")
        database.execute("INSERT INTO billing_usagerecord VALUES (1)")
    database.close()
    return path.read_bytes()


def test_a_folder_with_real_rows_is_refused_in_one_sentence_and_stays(tmp_path: Path) -> None:
    home = tmp_path / "real"
    before = real_database(home)
    for words in (("demo",), ("demo", "--fresh")):
        refused = manage(*words, folder=home, DEMO_DIR=str(home))
        assert refused.returncode == 1
        assert "holds a database that is not a demo's" in refused.stderr
        assert "Traceback" not in refused.stderr
    assert (home / folder.DATABASE).read_bytes() == before
    assert not (home / folder.MARKER).exists()


def test_a_configured_database_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'other.sqlite3'}"
    refused = manage("demo", folder=tmp_path, DEMO_DIR=str(tmp_path / "demo"), DATABASE_URL=url)
    assert refused.returncode == 1
    assert "DATABASE_URL is set" in refused.stderr
    assert not (tmp_path / "other.sqlite3").exists()
    assert not (tmp_path / "demo").exists()


def test_an_empty_folder_and_a_demo_are_welcome(tmp_path: Path) -> None:
    folder.refuse_real_data(tmp_path, {})
    folder.marker_write(tmp_path, Marker(port=1))
    (tmp_path / folder.DATABASE).touch()
    folder.refuse_real_data(tmp_path, {})


def test_the_marker_comes_back_as_it_was_written_for_its_owner_alone(tmp_path: Path) -> None:
    marker = Marker(port=4711, is_finished=True, calls=3, email="a@b.example", password="x")
    assert folder.marker_read(tmp_path) is None
    folder.marker_write(tmp_path, marker)
    assert folder.marker_read(tmp_path) == marker
    assert (tmp_path / folder.MARKER).stat().st_mode & 0o777 == 0o600


def test_a_broken_marker_is_said(tmp_path: Path) -> None:
    (tmp_path / folder.MARKER).write_text("{")
    with pytest.raises(CommandError, match="cannot be read"):
        folder.marker_read(tmp_path)


def test_clearing_leaves_what_is_not_ours(tmp_path: Path) -> None:
    folder.marker_write(tmp_path, Marker(port=1))
    for name in (folder.DATABASE, "letters.txt"):
        (tmp_path / name).touch()
    folder.clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def test_the_demo_inherits_no_way_to_a_provider_or_a_database(tmp_path: Path) -> None:
    given = {
        "ANTHROPIC_API_KEY": "real", "OPENAI_API_KEY": "real", "DATABASE_URL": "postgresql://x",
        "REDIS_URL": "redis://x", "OPENAI_BASE_URL": "https://x", "DATA_DIR": "/real", "HOME": "/h",
    }
    assert folder.environment(tmp_path, given) == {
        "DATA_DIR": str(tmp_path), "OLLAMA_HOST": folder.NOWHERE, "DEMO_KEY": "demo", "HOME": "/h",
    }


def test_only_a_folder_with_a_marker_is_a_demo(tmp_path: Path) -> None:
    def is_demo() -> str:
        shown = manage(
            "shell", "-v", "0", "-c", "from django.conf import settings; print(settings.DEMO)",
            folder=tmp_path,
        )
        return shown.stdout.strip()

    assert is_demo() == "False"
    folder.marker_write(tmp_path, Marker(port=1))
    assert is_demo() == "True"
