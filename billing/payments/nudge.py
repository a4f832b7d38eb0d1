"""Wake a worker after a notice was written down, without waiting for the broker.

One thread sends, and only if a notice ever arrives: Celery takes 25 MB and is imported there. If
the broker is down nothing is lost: the notice is in the table, and beat's task takes it.
"""

import logging
import threading

log = logging.getLogger(__name__)
TASK = "billing.tasks.stripe_events"
EXPIRES_S = 60
_wanted = threading.Event()
_starting = threading.Lock()
_thread: threading.Thread | None = None


def nudge() -> None:
    """Returns at once. Several in a row become one."""
    global _thread
    _wanted.set()
    with _starting:
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_send_forever, name="stripe-nudge", daemon=True)
            _thread.start()


def _send_forever() -> None:
    from costcontrol.celery import app

    while True:
        _wanted.wait()
        _wanted.clear()
        try:
            app.send_task(TASK, expires=EXPIRES_S, retry=False)
        except Exception as error:  # whatever the broker's library raises: beat comes anyway
            log.warning("stripe: no worker could be woken, beat will: %s", error)
