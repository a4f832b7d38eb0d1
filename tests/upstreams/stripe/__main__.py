"""`python -m tests.upstreams.stripe --port N [--webhook URL --secret S] [--clock ISO]`."""

import argparse
import contextlib
import signal
import threading
from datetime import UTC, datetime
from pathlib import Path

from tests.upstreams.stripe.app import new_server
from tests.upstreams.stripe.delivering import keep_delivering
from tests.upstreams.stripe.keeping import load, save


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.upstreams.stripe")
    parser.add_argument("--port", type=int, default=8421)
    parser.add_argument("--webhook", default="", help="where events are posted to")
    parser.add_argument("--secret", default="whsec_fake", help="what they are signed with")
    parser.add_argument("--clock", default="", help="stand still at this time, ISO 8601")
    parser.add_argument("--keep", type=Path, help="a file that it goes on from, and writes")
    asked = parser.parse_args()
    server = new_server(port=asked.port, clock=_moment(asked.clock))
    settings = server.state.settings
    settings.webhook, settings.secret = asked.webhook, asked.secret
    server.state.outbox.is_held = not asked.webhook
    if asked.keep:
        load(server, asked.keep)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    threading.Thread(target=keep_delivering, args=(server, asked.keep), daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever(0.05)
    server.server_close()
    if asked.keep:
        save(server, asked.keep)


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


if __name__ == "__main__":
    main()
