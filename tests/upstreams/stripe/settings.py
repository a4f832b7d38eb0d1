"""What a test may set through `/_fake/settings`."""

from dataclasses import dataclass, field


@dataclass
class Settings:
    secret: str = "whsec_fake"
    webhook: str = ""  # where deliveries go; none without it
    retry_days: list[float] = field(default_factory=lambda: [1, 3, 7])  # after the first failure
    dunning_end: str = "cancel"  # or "unpaid", "past_due"
    livemode: bool = False
    api_version: str = ""  # another version for events
    signs_at: int = 0  # seconds added to the time in signatures: -301 is too old
