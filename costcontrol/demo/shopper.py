"""Somebody of the made-up platform whom a newcomer can be: on the free plan, with a password."""

import secrets
from dataclasses import replace
from pathlib import Path

from accounts.addresses import address_vouch
from accounts.models import User
from costcontrol.demo import folder
from costcontrol.demo.folder import Marker

EMAIL = "daniel@mail.example"


def furnish(here: Path, marker: Marker) -> Marker:
    """Their login and the port of the shop are in the demo's file from now on."""
    wanted = marker.stripe_port
    port = folder.free_port(wanted)
    if port == wanted and marker.customer_password:
        return marker
    password = marker.customer_password or secrets.token_urlsafe(9)
    user = User.objects.get(email=EMAIL)
    user.set_password(password)
    user.save(update_fields=["password"])
    address_vouch(user)
    furnished = replace(
        marker, stripe_port=port, customer_email=EMAIL, customer_password=password
    )
    folder.marker_write(here, furnished)
    return furnished
