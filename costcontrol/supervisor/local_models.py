"""Which local model this machine has: Ollama if one answers, else the built-in one."""

import json
import urllib.request

from django.conf import settings

TIMEOUT_S = 0.5


def ollama_models() -> list[str]:
    """Names of the models that the Ollama at OLLAMA_HOST serves; empty when nobody answers."""
    try:
        with urllib.request.urlopen(f"{_ollama_address()}/api/tags", timeout=TIMEOUT_S) as answer:
            models = json.load(answer)["models"]
            return [str(model["name"]) for model in models]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _ollama_address() -> str:
    """OLLAMA_HOST may be `host:port` without a scheme, as Ollama itself allows."""
    host = settings.OLLAMA_HOST.rstrip("/")
    return host if "://" in host else f"http://{host}"


def is_embedded_model_up() -> bool:
    """Its process writes the file when it has loaded the model."""
    return bool(settings.LOCAL_MODEL_FILE.exists())
