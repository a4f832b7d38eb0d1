"""Everything that is kept about one person, as one ZIP: tables as CSV, the rest as JSON.

Written to a file that has no name and is gone when it is closed; rows are read a piece at a time,
so that neither a long history nor many texts take memory.
"""

import csv
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from io import TextIOWrapper
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import gettext as _

from accounts import personal
from accounts.models import User
from billing.reports import personal as billing
from costcontrol.lib.cells import guarded
from routing import texts
from routing.debates import own, topic_aliases, topic_audits, transcripts

Rows = Iterable[Sequence[Any]]


def export_make(user: User, *, now: datetime) -> IO[bytes]:
    """The file, at its beginning."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  the answer that sends it closes it
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        _json(archive, "profile.json", {"exported_at": now, **personal.profile(user)})
        _table(archive, "keys.csv", personal.KEYS, personal.key_rows(user))
        _table(archive, "audit.csv", personal.AUDIT, personal.audit_rows(user))
        _table(archive, "usage.csv", billing.USAGE, billing.usage_rows(user.pk))
        _table(archive, "invoices.csv", billing.INVOICES, billing.invoice_rows(user.pk))
        _table(archive, "credit.csv", billing.CREDIT, billing.credit_rows(user.pk))
        _table(archive, "alerts.csv", billing.ALERTS, billing.alert_rows(user.pk))
        _lines(archive, "texts.jsonl", texts.of_user(user.pk, now=now))
        _lines(archive, "philosophers.jsonl", own.of_user(user.pk))
        _lines(archive, "topics.jsonl", topic_aliases.of_user(user.pk))
        _lines(archive, "matches.jsonl", topic_audits.of_user(user.pk))
        _lines(archive, "debates.jsonl", transcripts.of_user(user.pk, now=now))
        archive.writestr("README.txt", _about(user, now))
    file.seek(0)
    return file


def _about(user: User, now: datetime) -> str:
    lines = [
        _("What costcontrol keeps about %(email)s, on %(day)s.")
        % {"email": user.email, "day": f"{now:%Y-%m-%d %H:%M} UTC"},
        _("profile.json: account, addresses, sessions, organisation. keys.csv: API keys, never "
          "their secrets. usage.csv: one row for each attempt of a call. audit.csv: what was "
          "changed by you or about you. texts.jsonl: prompts and answers that are kept."),
        _("philosophers.jsonl: the philosophers that you made, in all versions."),
        _("topics.jsonl: which questions of the list you said your words mean, or do not mean."),
        _("matches.jsonl: texts of yours that were taken for a question of the list without asking "
          "you, and that staff check or found wrong."),
        _("debates.jsonl: your debates, one a line, with what was said and what you added."),
        _("Times are in UTC. Amounts called nanos are billionths of a US dollar; those called "
          "minor are in the smallest unit of their currency."),
    ]
    if settings.DEMO:
        lines.insert(0, _("Demo: invented data of an invented platform."))
    return "\n\n".join(lines) + "\n"


def _json(archive: ZipFile, name: str, content: dict[str, Any]) -> None:
    marked = {"demo": True, **content} if settings.DEMO else content
    with _text(archive, name) as out:
        json.dump(marked, out, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)


def _lines(archive: ZipFile, name: str, entries: Iterable[dict[str, Any]]) -> None:
    with _text(archive, name) as out:
        for entry in entries:
            out.write(json.dumps(entry, cls=DjangoJSONEncoder, ensure_ascii=False) + "\n")


def _table(archive: ZipFile, name: str, header: Sequence[str], rows: Rows) -> None:
    with _text(archive, name) as out:
        writer = csv.writer(out)
        writer.writerow([*header, "data"] if settings.DEMO else header)
        for row in rows:
            cells = [_cell(value) for value in row]
            writer.writerow([*cells, "demo"] if settings.DEMO else cells)


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
    return guarded(value) if isinstance(value, str) else value


@contextmanager
def _text(archive: ZipFile, name: str) -> Iterator[TextIOWrapper]:
    with (
        archive.open(name, "w", force_zip64=True) as raw,
        TextIOWrapper(raw, encoding="utf-8", errors="replace", newline="") as out,
    ):
        yield out
