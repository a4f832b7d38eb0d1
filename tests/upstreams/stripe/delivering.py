"""A thread that lets time pass and delivers what is due, unless deliveries are held."""

import threading
from typing import TYPE_CHECKING

from tests.upstreams.stripe.control import deliver
from tests.upstreams.stripe.lifecycle import look

if TYPE_CHECKING:
    from tests.upstreams.stripe.server import Server

EVERY_S = 0.1


def keep_delivering(server: "Server", until: threading.Event | None = None) -> None:
    stop = until or threading.Event()
    state = server.state
    while not stop.wait(EVERY_S):
        with state.lock:
            state.clock.catch_up(lambda id: look(state, id))
            is_held = state.outbox.is_held or not state.settings.webhook
        if not is_held:
            deliver(state)
