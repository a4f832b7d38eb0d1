"""A thread that lets time pass, delivers what is due unless deliveries are held, and writes down
what is new."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.upstreams.stripe.control import deliver
from tests.upstreams.stripe.keeping import save
from tests.upstreams.stripe.lifecycle import look

if TYPE_CHECKING:
    from tests.upstreams.stripe.server import Server

EVERY_S = 0.1


def keep_delivering(server: "Server", file: Path | None = None) -> None:
    """For as long as the process lives."""
    state = server.state
    written = 0
    while True:
        time.sleep(EVERY_S)
        with state.lock:
            state.clock.catch_up(lambda id: look(state, id))
            is_held = state.outbox.is_held or not state.settings.webhook
        if not is_held:
            deliver(state)
        if file and (news := state.changes) != written:
            save(server, file)
            written = news
