"""A house with default rows, and a clock that stands."""

from collections.abc import Iterator

import pytest

from costcontrol.lib import clock
from routing import snapshot
from tests.routing.whatif.past import NOW, house_make


@pytest.fixture(autouse=True)
def house(db: None) -> Iterator[None]:
    with clock.at(NOW):
        house_make()
        snapshot.forget()
        yield
    snapshot.forget()
