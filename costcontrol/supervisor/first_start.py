"""What must be there before the parts start, and the login that the first start makes."""

import io
import secrets
from dataclasses import dataclass

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, transaction

from accounts.models import User
from accounts.services import api_key_issue, audit
from costcontrol import static_files
from costcontrol.supervisor.preflight import first_line

ACTOR = "command up"
STAFF_EMAIL = "staff@localhost"
STAFF_TIER = "premium"


@dataclass(frozen=True)
class Login:
    """What is shown once: only digests of it are kept."""

    email: str
    password: str
    api_key: str


def prepare_database() -> None:
    try:
        call_command("migrate", verbosity=0, interactive=False)
    except DatabaseError as error:
        raise CommandError(
            f"The database cannot be migrated ({first_line(error)}): restore a backup, or set "
            "DATA_DIR or DATABASE_URL to a new place."
        ) from error
    call_command("load_defaults", stdout=io.StringIO())


def prepare_static_files() -> None:
    try:
        static_files.collect()
    except OSError as error:
        raise CommandError(
            f"{settings.STATIC_ROOT} cannot be written ({error.strerror}): "
            "make room there, or set DATA_DIR to another folder."
        ) from error


@transaction.atomic
def staff_login_create() -> Login | None:
    """The first staff user, with a key for the first call. None when there is one already."""
    if User.objects.filter(is_staff=True).exists():
        return None
    password = secrets.token_urlsafe(12)
    user = User.objects.create_superuser(STAFF_EMAIL, password, tier_id=STAFF_TIER)
    audit(ACTOR, "staff_login_create", STAFF_EMAIL)
    _, secret = api_key_issue(user=user, name="first start", scopes=["call"], actor=ACTOR)
    return Login(email=STAFF_EMAIL, password=password, api_key=secret)
