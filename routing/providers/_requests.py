"""What adapters check about a call before they send it."""

from collections.abc import Mapping
from typing import Any

from costcontrol.lib.errors import ProviderRejected
from costcontrol.lib.sentences import Sentence as _
from routing.types import ProviderCall


def refuse_parameters(vendor: str, call: ProviderCall, *, passes: frozenset[str]) -> None:
    """Raise ProviderRejected for a parameter that this upstream would have to ignore."""
    if unknown := sorted(call.request.extra.keys() - passes):
        raise ProviderRejected(
            _("%(vendor)s does not know the parameter %(name)s. Leave it out.")
            % {"vendor": vendor, "name": unknown[0]}
        )


def refuse_tool_messages(vendor: str, call: ProviderCall) -> None:
    """Raise ProviderRejected for messages that only OpenAI's API can express."""
    for message in call.request.messages:
        if message.role not in ("system", "developer", "user", "assistant") or message.extra:
            raise ProviderRejected(
                _("%(vendor)s deployments take text messages from system, user and assistant "
                  "only.") % {"vendor": vendor}
            )


def without_none(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
