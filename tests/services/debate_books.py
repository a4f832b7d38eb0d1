"""Whether the product's books of debates agree with themselves, and with the upstream's."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.upstreams.debating import Sale

BUCKETS = {
    "fresh": "fresh_input_tokens", "read": "cache_read_tokens", "written": "cache_write_tokens",
    "output": "output_tokens",
}  # fmt: skip
NANOS_A_TOKEN = 1000  # of a model that costs a dollar a million tokens


@dataclass(frozen=True)
class DebateBooks:
    """`told`: what `debate_rows audit` printed. `sales`: what the upstream says it sold."""

    told: dict[str, Any]
    sales: Sequence[Sale]

    @property
    def bought(self) -> list[dict[str, Any]]:
        """Usage rows of attempts that reached the upstream."""
        return [row for row in self.told["usage"] if row["model"] and row["output_tokens"]]

    def list_price(self, sale: Sale, *, output: int | None = None) -> int:
        """What a sale costs by the price book, worked out here."""
        counts = sale.usage | ({} if output is None else {"output": output})
        return self._price_of(f"{sale.vendor}/{sale.model}", counts)

    def _price_of(self, model: str, counts: dict[str, int]) -> int:
        prices = self.told["prices"][model]
        total = sum(Decimal(prices[name]) * count for name, count in counts.items())
        return int(total * NANOS_A_TOKEN)

    @property
    def upstream_bill(self) -> int:
        """Of whole answers in full; of one that was cut off, for what had been sent."""
        return sum(self.list_price(sale, output=sale.sent_tokens) for sale in self.sales)

    def faults(self) -> list[str]:
        """What is wrong when nobody is being answered any more."""
        told = self.told
        found = [f"differences: {told['differences']}"] if told["differences"] else []
        if told["open"] or told["held"]:
            found.append(f"{told['open']} open reservations, {told['held']} nanos held")
        if told["ledger"] != (sum_of := sum(row["cost_nanos"] for row in told["usage"])):
            found.append(f"ledger {told['ledger']}, usage rows {sum_of}")
        return found + self._twice()

    def _twice(self) -> list[str]:
        """An attempt of a call has one row; a whole answer of the upstream is in one row, at its
        price; what was cut off costs no more than was held."""
        attempts = Counter((row["call_id"], row["attempt"]) for row in self.told["usage"])
        found = [f"attempt billed {n} times: {key}" for key, n in attempts.items() if n > 1]
        sold, booked = self.whole_sales(), self.whole_rows()
        if more := booked - sold:
            found.append(f"{sum(more.values())} rows of answers that the upstream did not sell")
        for row in self.bought:
            is_whole, cost = row["outcome"] == "complete", row["cost_nanos"]
            if (cost != self._list_price(row)) if is_whole else (cost > row["held_nanos"]):
                found.append(f"{row['call_kind']} {row['call_id']} costs {cost}")
        return found

    def _list_price(self, row: dict[str, Any]) -> int:
        usage = {name: row[column] or 0 for name, column in BUCKETS.items()}
        return self._price_of(f"{row['provider']}/{row['model']}", usage)

    def unbooked(self) -> int:
        """Whole answers that were sold to somebody who died before he could write it down."""
        return sum((self.whole_sales() - self.whole_rows()).values())

    def whole_sales(self) -> Counter[tuple[Any, ...]]:
        return Counter(
            (sale.model, *(sale.usage[name] for name in BUCKETS))
            for sale in self.sales if sale.end == "complete"
        )

    def whole_rows(self) -> Counter[tuple[Any, ...]]:
        return Counter(
            (row["model"], *(row[column] for column in BUCKETS.values()))
            for row in self.bought if row["outcome"] == "complete"
        )
