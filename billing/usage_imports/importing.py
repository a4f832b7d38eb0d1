"""Keeps what a provider counted. Imports are never changed: a later one is looked at first."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.services import audit
from billing.models import ModelPrice
from billing.models_operator import UsageImport, UsageImportLine
from billing.usage_imports.reading import NotUnderstood, Reading, read
from costcontrol.lib.errors import BadRequest
from costcontrol.lib.sentences import Sentence as _

VENDORS = ("anthropic", "openai")
ZONE = "UTC"  # vendors cut their days there
BATCH = 500
MAX_FILE_NAME = 200


@dataclass(frozen=True, slots=True)
class Imported:
    """`is_new` False: this very file was imported before, and nothing was done."""

    row: UsageImport
    is_new: bool
    lines: int
    title: str


def providers() -> tuple[str, ...]:
    """Whose files can be imported: those whose prices are known."""
    priced = ModelPrice.objects.values_list("provider", flat=True).order_by().distinct()
    return tuple(sorted({*VENDORS, *priced}))


def usage_import(
    provider: str, data: bytes, *, file_name: str, actor: str, now: datetime,
) -> Imported:
    """Raises NotUnderstood, BadRequest."""
    if provider not in providers():
        raise BadRequest(_("Choose whose file it is."), param="provider")
    found = read(data, now=now)
    if found.format.provider not in ("", provider):
        raise NotUnderstood([_(
            "This is a file of another provider (%(title)s). Choose whose file it is."
        ) % {"title": found.format.title}])
    digest = hashlib.sha256(data).hexdigest()
    try:
        row, is_new = import_put(
            provider, found, source=UsageImport.Source.CSV, digest=digest, name=file_name,
            actor=actor, now=now,
        ), True
    except IntegrityError:
        row, is_new = UsageImport.objects.get(provider=provider, digest=digest), False
    return Imported(row, is_new, len(found.sums), found.format.title)


@transaction.atomic
def import_put(
    provider: str, found: Reading, *, source: str, digest: str, name: str, actor: str,
    now: datetime,
) -> UsageImport:
    """`name`: the file, or what a vendor was asked at. Raises IntegrityError: it is there."""
    row = UsageImport.objects.create(
        provider=provider, source=source, digest=digest, zone=ZONE, file_name=_printable(name),
        first_day=found.first, last_day=found.last, made_at=now, made_by=actor,
    )
    UsageImportLine.objects.bulk_create(_lines(row, found), batch_size=BATCH)
    audit(actor, "usage_import", str(row)[:200], None, {
        "id": row.pk, "file": row.file_name, "lines": len(found.sums), "format": found.format.title,
        "source": source,
    })
    return row


def _lines(row: UsageImport, found: Reading) -> Iterator[UsageImportLine]:
    for (day, model), sums in sorted(found.sums.items()):
        yield UsageImportLine(
            usage_import=row, day=day, model=model, cost_nanos=sums.nanos, **sums.counts
        )


def _printable(name: str) -> str:
    return "".join(each for each in name if each.isprintable())[:MAX_FILE_NAME]
