"""How far the replay of the demo's days is."""

from costcontrol.lib.progress import Stream as Stream
from costcontrol.lib.progress import Tally


class Progress(Tally):
    """Of calls; a line every few days."""

    def __init__(self, stream: Stream, *, calls: int, days: int) -> None:
        super().__init__(stream, bar_of=calls, lines_of=days)

    def tell(self, player: int, *, done: int, days: int) -> None:
        self.note(player, done, days)

    def text(self) -> str:
        done = self.sum(0)
        speed = done / max(0.001, self.seconds)
        left = (self._bar_of - done) / max(1.0, speed)
        return (
            f"day {self.sum(1)} of {self._lines_of}  {done:,} of {self._bar_of:,} calls  "
            f"{speed:.0f}/s  {left:.0f} s left"
        )
