"""How far a replayed month is."""

from costcontrol.lib.progress import Stream, Tally


class Progress(Tally):
    """Of debates."""

    def __init__(self, stream: Stream, *, title: str, debates: int) -> None:
        super().__init__(stream, bar_of=debates, lines_of=debates)
        self._title = title

    def tell(self, player: int, *, debates: int, calls: int) -> None:
        self.note(player, debates, debates, calls)

    def text(self) -> str:
        debates, calls, seconds = self.sum(0), self.sum(2), max(0.001, self.seconds)
        left = (self._bar_of - debates) * seconds / max(1, debates)
        return (
            f"{self._title}: {debates:,} of {self._bar_of:,} debates, {calls:,} calls  "
            f"{calls / seconds:.0f}/s  {left:.0f} s left"
        )
