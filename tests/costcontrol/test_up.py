"""`manage.py up` for real: every part, killed, stopped, and started where it cannot."""

import shutil
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from pytest_django.plugin import DjangoDbBlocker

from tests.flows.rows import migrated
from tests.services.product import READY, Product, free_port, is_alive, manage, running_product

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(tmp_path_factory.mktemp("data")) as product:
        yield product


def survivors(family: list[psutil.Process]) -> list[psutil.Process]:
    return [process for process in family if is_alive(process.pid)]


def test_first_start_shows_address_login_key_and_a_curl_line(product: Product) -> None:
    assert f"{READY} at {product.address}" in product.output
    assert "staff@localhost" in product.wait_for("staff login")
    key = product.wait_for("API key").split()[2]
    assert f"Bearer {key}" in product.wait_for("curl -sS")


def test_socket_of_the_broker_is_for_its_owner_alone(product: Product) -> None:
    assert (product.folder / "valkey.sock").stat().st_mode & 0o777 == 0o700


def test_data_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    assert manage("check", folder=folder).returncode == 0
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("name", "words"),
    [("worker", "costcontrol worker"), ("web", "granian"), ("valkey", "valkey.sock")],
)
def test_dead_part_is_started_again_and_said(product: Product, name: str, words: str) -> None:
    dead = product.child(words)
    dead.send_signal(signal.SIGKILL)
    said = product.wait_for("starts again in 0.5 s")
    deadline = time.monotonic() + 10
    while not any(words in " ".join(p.cmdline()) for p in product.family()):
        assert time.monotonic() < deadline, product.output
        time.sleep(0.1)
    assert said.startswith(name)
    assert "killed by SIGKILL" in said
    assert product.child(words).pid != dead.pid
    product.lines.remove(said)


def test_second_start_on_the_same_folder_is_refused(product: Product) -> None:
    refused = manage("up", folder=product.folder, PORT=str(free_port()))
    assert refused.returncode == 1
    assert "Another costcontrol runs on the data folder" in refused.stderr


def test_killed_supervisor_leaves_no_orphan_and_the_next_start_works_until_sigterm(
    product: Product,
) -> None:
    """The last of those that need it running."""
    family = product.family()
    product.process.kill()
    product.process.wait()
    with running_product(product.folder) as again:
        assert survivors(family) == []
        assert "shown at the first start" in again.wait_for("staff login")
        assert "$COSTCONTROL_KEY" in again.wait_for("curl -sS")
        family = again.family()
        assert again.stop() == 0
        assert survivors(family) == []
        assert len(family) >= 6  # leash, valkey, web and its worker, worker, beat


def test_taken_port_is_said_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = manage("up", folder=tmp_path, PORT=str(port))
    assert refused.returncode == 1
    assert refused.stderr == (
        f"CommandError: Port {port} is taken by another program: "
        f"stop it, or choose another: PORT={port + 1}.\n"
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"DATABASE_URL": "postgresql://a:secret@127.0.0.1:9/b"}, "correct DATABASE_URL"),
        ({"DATABASE_URL": "sqlite:////nowhere/at/all"}, "correct DATABASE_URL"),
        ({"DATABASE_URL": "mysql://a/b"}, "DATABASE_URL is not understood"),
        ({"REDIS_URL": "redis://127.0.0.1:9"}, "correct the address"),
        ({"REDIS_URL": "ftp://nowhere"}, "correct the address"),
        ({"PORT": "65536"}, "choose one of 1 to 65535"),
        ({"PORT": "eighty"}, "choose one of 1 to 65535"),
        ({"HOST": "192.0.2.1"}, "set HOST"),
    ],
)
def test_wrong_setting_is_said_in_one_sentence(
    tmp_path: Path, change: dict[str, str], sentence: str
) -> None:
    refused = manage("up", folder=tmp_path, **{"PORT": str(free_port())} | change)
    assert refused.returncode == 1
    assert sentence in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert "secret" not in refused.stderr


def test_folder_that_cannot_be_written_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = manage("up", folder=tmp_path / "file" / "data")
    assert refused.returncode == 1
    assert "set DATA_DIR to another folder" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_file_that_is_no_database_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "costcontrol.sqlite3").write_bytes(b"not a database" * 1000)
    refused = manage("up", folder=tmp_path, PORT=str(free_port()))
    assert refused.returncode == 1
    assert "cannot be opened (file is not a database)" in refused.stderr


def test_database_of_a_newer_version_is_refused(
    tmp_path: Path, django_db_blocker: DjangoDbBlocker
) -> None:
    with django_db_blocker.unblock():
        shutil.copyfile(migrated(), tmp_path / "costcontrol.sqlite3")
    add = (
        "from django.db.migrations.recorder import MigrationRecorder as R; "
        "R.Migration.objects.create(app='billing', name='9999_later')"
    )
    assert manage("shell", "-c", add, folder=tmp_path).returncode == 0
    refused = manage("up", folder=tmp_path, PORT=str(free_port()))
    assert refused.returncode == 1
    assert "made by a newer costcontrol (it has billing.9999_later)" in refused.stderr
