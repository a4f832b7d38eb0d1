"""Debates that hold money, and calls that draw on it: words for tests."""

from decimal import Decimal
from uuid import UUID, uuid4

from billing import debate_holds, draws
from billing.budgets import Rule, WindowRef
from billing.debate_holds import Wanted
from billing.draws import Draw
from billing.ledger import Attempt, Hold, Reserved
from billing.models import Window
from billing.prices import Price


def price(usd: int) -> Price:
    one = Decimal(usd)
    return Price(1, "openai", "gpt-test", "standard", 0, one, one, one, one, Decimal(0))


def ref(window: Window) -> WindowRef:
    rule = Rule(window.scope_kind, window.scope_id, "usd", window.period, window.cap)
    return WindowRef(window.pk, rule, window.start, window.end)


def hold(debate: UUID, *windows: Window, book: int | None = None, **amounts: int) -> None:
    wanted = [Wanted(name, amount) for name, amount in amounts.items()]
    debate_holds.hold(debate, wanted, windows=[ref(w) for w in windows], book_version=book)


def draw(
    debate: UUID, *windows: Window, amount: int, id: UUID | None = None, usd: int = 1,
    is_last: bool = True,
) -> tuple[UUID, Reserved]:
    """A call of this debate that draws on all that is held for it."""
    key = id or uuid4()
    kept = sorted(debate_holds.kept(debate), key=lambda kept: kept.name, reverse=True)
    ids = tuple(each.id for each in kept)  # the stage first
    reserved = draws.reserve(
        key, draw=Draw(ids, "medium", is_last), price=price(usd),
        holds=[Hold(w.pk, amount) for w in windows], attempt=Attempt(key, "openai", "gpt-test"),
        amount=amount, is_sent=True,
    )
    return key, reserved


def amounts(debate: UUID) -> dict[str, int]:
    return {kept.name: kept.amount for kept in debate_holds.kept(debate)}
