"""The .po files that people edit and the .mo files that Django reads, one pair a language.

A sentence keeps its translation; one that nothing says any more is dropped; one that is new stands
empty until somebody fills it in, and the tests fail until then. Nothing is ever marked fuzzy:
a guess is no translation. The files hold no line numbers and no dates, so that they change only
when a sentence does.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog
from babel.messages import Message as Entry
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings

from costcontrol.catalogues.extract import Message

SOURCE = "en"  # the language of the msgids: each is its own translation
HEADER = """\
# The words of costcontrol. Made by `make messages`; fill in what is empty.
# Glossary and tone: docs/translations.md."""
MADE = datetime(2026, 1, 1, tzinfo=UTC)  # a header must have a date; a real one would only be noise
WIDTH = 100


def po_path(language: str) -> Path:
    return Path(settings.LOCALE_PATHS[0]) / language / "LC_MESSAGES" / "django.po"


def mo_path(language: str) -> Path:
    return po_path(language).with_suffix(".mo")


def languages() -> list[str]:
    return [code for code, _name in settings.LANGUAGES]


def load(language: str) -> Catalog:
    path = po_path(language)
    if not path.exists():
        return empty(language)
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def empty(language: str) -> Catalog:
    return Catalog(
        language, header_comment=HEADER, project="costcontrol", version="1", fuzzy=False,
        creation_date=MADE, revision_date=MADE, last_translator="costcontrol",
        language_team=language, msgid_bugs_address="costcontrol",
    )


def updated(language: str, found: Iterable[Message]) -> Catalog:
    """The sentences found, with the translations that the file has."""
    old, new = load(language), empty(language)
    for message in found:
        msgid = (message.msgid, message.plural) if message.plural else message.msgid
        known = old.get(message.msgid, message.context)
        string = known.string if known and known.id == msgid else ""
        new.add(
            msgid, msgid if language == SOURCE else string, locations=[(message.path, 0)],
            context=message.context,
        )
    return new


def po_bytes(catalogue: Catalog) -> bytes:
    file = BytesIO()
    write_po(file, catalogue, width=WIDTH, include_lineno=False)
    return file.getvalue()


def mo_bytes(catalogue: Catalog) -> bytes:
    """What Django reads, made from what is in the .po file."""
    file = BytesIO()
    write_mo(file, read_po(BytesIO(po_bytes(catalogue)), locale=str(catalogue.locale)))
    return file.getvalue()


def write(language: str, catalogue: Catalog) -> None:
    po_path(language).parent.mkdir(parents=True, exist_ok=True)
    po_path(language).write_bytes(po_bytes(catalogue))
    mo_path(language).write_bytes(mo_bytes(catalogue))


def missing(catalogue: Catalog) -> list[Entry]:
    """Entries without a whole translation."""
    return [entry for entry in catalogue if entry.id and not all(strings_of(entry))]


def strings_of(entry: Entry) -> tuple[str, ...]:
    string = entry.string
    return tuple(string) if isinstance(string, tuple | list) else (string or "",)
