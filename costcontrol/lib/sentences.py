"""Sentences that are made in one place and said in another, in the reader's language.

A call is refused deep inside the gateway, by code that does not know who will read why: the caller,
somebody who waits for the same answer in another language, the log, a usage row. So a sentence is
an English `str` everywhere, and remembers what it was made of; the outermost view says it in the
caller's language. Nothing is translated for calls that succeed.

    from costcontrol.lib.sentences import Sentence as _

    raise Unavailable(_("%(vendor)s is busy.") % {"vendor": "Ollama"})
    ...
    said(error.message)
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header


class Sentence(str):
    """English text that can still be said in another language."""

    msgid: str
    values: Mapping[str, Any] | None

    def __new__(cls, msgid: str, values: Mapping[str, Any] | None = None) -> "Sentence":
        self = super().__new__(cls, msgid if values is None else msgid % values)
        self.msgid, self.values = msgid, values
        return self

    def __getnewargs__(self) -> tuple[str, Mapping[str, Any] | None]:  # type: ignore[override]
        return self.msgid, self.values

    def __mod__(self, values: Any) -> "Sentence":
        return Sentence(self.msgid, values)


def said(text: str) -> str:
    """In the active language, with everything that it was made of. Other text stays as it is."""
    if not isinstance(text, Sentence):
        return text
    translated = translation.gettext(text.msgid)
    if text.values is None:
        return translated
    return translated % {
        name: said(value) if isinstance(value, str) else value
        for name, value in text.values.items()
    }


def said_in(value: Any) -> Any:
    """All sentences in a dict or list of facts, in the active language."""
    if isinstance(value, Mapping):
        return {name: said_in(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [said_in(each) for each in value]
    return said(value) if isinstance(value, str) else value


def joined(parts: Iterable[str], *, between: str = "; ") -> Sentence:
    """Several sentences as one, each of which can still be said in another language."""
    values = {f"part{i}": part for i, part in enumerate(parts)}
    return Sentence(between.replace("%", "%%").join(f"%({name})s" for name in values), values)


def language_of(accept_language: str) -> str:
    """The language of ours that an `Accept-Language` header likes best; English without one."""
    ours = dict(settings.LANGUAGES)
    for wanted, _quality in parse_accept_lang_header(accept_language):
        code = wanted.partition("-")[0]
        if code in ours:
            return code
    return settings.LANGUAGE_CODE


def warm_up() -> None:
    """Read the catalogues now (10 ms): no call should wait for a file."""
    for code, _name in settings.LANGUAGES:
        said_to(code, Sentence("ready"))


def said_to(accept_language: str, text: str) -> str:
    """For replies that pass no page middleware. Leaves the active language as it was."""
    with translation.override(language_of(accept_language)):
        return said(text)
