"""People at the door: signing in, codes of an authenticator app."""

import re
import time

from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.test import Client

from accounts.models import User

SECRET, OTHER = "correct horse battery", "staple correct horse"


def sign_in(client: Client, email: str, password: str = SECRET) -> str:
    """Where it leads; empty: nowhere."""
    answer = client.post("/login/", {"login": email, "password": password})
    return str(answer.get("Location", ""))


def code_of(secret: str) -> str:
    """What an authenticator app shows at this moment."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def app_set_up(client: Client, password: str = SECRET) -> str:
    """The secret of the app that whoever is signed in has now."""
    client.post("/reauthenticate/?next=/2fa/totp/activate/", {"password": password})
    page = client.get("/2fa/totp/activate/").content.decode()
    found = re.search(r"<code>([A-Z2-7]{32})</code>", page)
    assert found
    client.post("/2fa/totp/activate/", {"code": code_of(found[1])})
    return found[1]


def app_of(user: User) -> str:
    """As `app_set_up`, without the pages."""
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    TOTP.activate(user, secret)
    return secret


def text_of(client: Client, path: str) -> str:
    return client.get(path).content.decode()
