"""What a fake knows, in a file, so that one that is stopped and started again goes on."""

import os
import pickle
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.upstreams.stripe.server import Server


def load(server: "Server", path: Path) -> None:
    """Nothing if there is no such file. The clock goes on from now, moved as it was."""
    if not path.exists():
        return
    kept = pickle.loads(path.read_bytes())
    state = server.state
    state.tables.update(kept["tables"])
    state.outbox.waiting, state.outbox.numbers = kept["waiting"], kept["numbers"]
    state.clock.moved, state.clock.agenda = kept["moved"], kept["agenda"]


def save(server: "Server", path: Path) -> None:
    state = server.state
    with state.lock:
        kept = pickle.dumps({
            "tables": dict(state.tables), "numbers": state.outbox.numbers,
            "waiting": [*state.outbox.waiting, *state.outbox.taken.values()],
            "moved": state.clock.moved, "agenda": state.clock.agenda,
        })  # fmt: skip
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(kept)
    os.chmod(new, 0o600)  # noqa: PTH101
    new.replace(path)
