"""What each deployment is billed as. The app above us that has deployments says so."""

from collections.abc import Callable, Mapping

Served = Mapping[str, tuple[str, str]]  # deployment -> provider and model that are billed
_asked: list[Callable[[], Served]] = []


def told_by(ask: Callable[[], Served]) -> None:
    """Once, when the apps are loaded."""
    _asked[:] = [ask]


def served() -> Served:
    return _asked[0]() if _asked else {}
