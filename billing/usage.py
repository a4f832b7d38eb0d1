"""What a call used, in our own vocabulary. Adapters make one of these, pricing reads it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one attempt, in four buckets that do not overlap.

    `None` means that the provider did not report it, which is not zero. Output includes hidden
    reasoning, since it is billed. `input_tokens` decides the price tier.
    """

    fresh_input_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    output_tokens: int | None = None
    searches: int | None = None
    is_estimated: bool = False

    @property
    def input_tokens(self) -> int:
        """All that was sent: fresh, read from and written to the provider's prompt cache."""
        return (
            (self.fresh_input_tokens or 0)
            + (self.cache_read_tokens or 0)
            + (self.cache_write_tokens or 0)
        )

    @property
    def is_reported(self) -> bool:
        return self.fresh_input_tokens is not None and self.output_tokens is not None
