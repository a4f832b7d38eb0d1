"""What a correction makes of each day, plan and payer: kept beside it, so no page reads rows."""

from collections import Counter
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q

from billing.corrections_rows import Change
from billing.models import CorrectionPart, PriceCorrection, UsageRecord

By = CorrectionPart.By
Place = tuple[str, str]


def add_parts(correction: PriceCorrection, changes: Iterable[Change]) -> None:
    """In the transaction that moves the correction on, which holds its lock."""
    rows, booked, right = Counter[Place](), Counter[Place](), Counter[Place]()
    for change in changes:
        for place in _places(change.row):
            rows[place] += 1
            booked[place] += change.booked.cost_nanos
            right[place] += change.right.cost_nanos
    known = _known(correction, rows)
    for place in rows:
        part = known.get(place) or CorrectionPart(
            correction=correction, by=place[0], key=place[1]
        )
        part.rows += rows[place]
        part.booked_nanos += booked[place]
        part.right_nanos += right[place]
        known[place] = part
    CorrectionPart.objects.bulk_create([each for each in known.values() if each.pk is None])
    CorrectionPart.objects.bulk_update(
        [each for each in known.values() if each.pk is not None],
        ["rows", "booked_nanos", "right_nanos"],
    )


def _places(row: UsageRecord) -> Iterator[Place]:
    """Days are those of the server's zone. Rows from before there were payers were paid by who
    called."""
    yield By.DAY, row.at.astimezone(ZoneInfo(settings.DEFAULT_ZONE)).date().isoformat()
    yield By.TIER, row.tier
    yield By.PAYER, row.payer or f"user:{row.user_id}"


def _known(correction: PriceCorrection, places: Iterable[Place]) -> dict[Place, CorrectionPart]:
    wanted = Q(pk__in=[])
    for by in By.values:
        keys = [key for kind, key in places if kind == by]
        wanted |= Q(by=by, key__in=keys)
    found = CorrectionPart.objects.filter(wanted, correction=correction)
    return {(part.by, part.key): part for part in found}
