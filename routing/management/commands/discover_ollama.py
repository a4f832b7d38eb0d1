"""Offer every model that Ollama has on this machine as a deployment.

Safe to run at every start: it adds what is missing and never touches a row that is there.
"""

import re
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.management.base import BaseCommand

from costcontrol.lib.errors import ProviderError
from routing.models import Deployment
from routing.providers.ollama import InstalledModel, OllamaProvider

CONTEXT_TOKENS = 8192
MAX_OUTPUT_TOKENS = 2048
MAX_CONCURRENCY = 2
PRIORITY = 100

# Families whose makers name Korean among their languages, or that were trained for it. Llama 3
# is not among them: it understands Korean and answers in English.
SPEAKS_KOREAN = re.compile(
    r"qwen(2\.5|[3-9])|gemma-?[2-9]|exaone|aya|command-r|eeve|bllossom|solar|kanana|hyperclova"
)
NOT_FOR_CHAT = re.compile(r"embed|minilm|bge-|rerank")


class Command(BaseCommand):
    help = "Add a deployment for each model that Ollama has on this machine."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            models = async_to_sync(installed)()
        except ProviderError:
            self.stdout.write(f"Ollama does not answer at {settings.OLLAMA_HOST}.")
            return
        for model in models:
            self.stdout.write(f"{model.name}: {deployment_add(model)}")
        if not models:
            self.stdout.write("Ollama has no model yet. Run: ollama pull qwen3:4b")


async def installed() -> list[InstalledModel]:
    provider = OllamaProvider()
    try:
        return await provider.installed()
    finally:
        await provider.close()


def deployment_add(model: InstalledModel) -> str:
    """Add the model's row if there is none. What was done, in words."""
    if model.is_remote:
        return "skipped, a cloud model: data would leave this machine"
    if NOT_FOR_CHAT.search(model.name.lower()):
        return "skipped, not a chat model"
    spoken = languages(model)
    _, is_new = Deployment.objects.get_or_create(
        name=f"ollama/{model.name}",
        defaults={
            "provider": Deployment.Provider.OLLAMA,
            "model": model.name,
            "model_class": Deployment.ModelClass.LOCAL,
            "languages": spoken,
            "context_tokens": CONTEXT_TOKENS,
            "max_output_tokens": MAX_OUTPUT_TOKENS,
            "max_concurrency": MAX_CONCURRENCY,
            "priority": PRIORITY,
        },
    )
    return f"added, speaks {' and '.join(spoken)}" if is_new else "already there"


def languages(model: InstalledModel) -> list[str]:
    words = " ".join((model.name, *model.families)).lower()
    return ["en", "ko"] if SPEAKS_KOREAN.search(words) else ["en"]
