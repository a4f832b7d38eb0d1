"""How far the replay is: a bar on a terminal, lines in a log."""

import io

from costcontrol.demo.player import part_of
from costcontrol.demo.progress import Progress
from costcontrol.demo.script import days
from tests.costcontrol.demo.test_script import WHOLE


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_gets_a_line_every_tenth_with_the_sum_of_both_players() -> None:
    log = io.StringIO()
    progress = Progress(log, calls=100, days=10)
    for day in range(1, 6):
        progress.tell(0, done=day * 10, days=day)
        progress.tell(1, done=day * 8, days=day)
    progress.end()
    lines = log.getvalue().splitlines()
    assert len(lines) == 10
    assert "day 10 of 10  90 of 100 calls" in lines[-1]
    assert "s left" in lines[-1]


def test_a_terminal_gets_one_line_that_is_drawn_over_and_removed() -> None:
    terminal = Terminal()
    progress = Progress(terminal, calls=100, days=10)
    progress.tell(0, done=50, days=5)
    progress.end()
    assert "\n" not in terminal.getvalue()
    assert "██" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r")


def test_the_parts_are_all_days_once_with_about_equal_calls() -> None:
    all_days = list(days(WHOLE))
    first, second = (part_of(all_days, part=part, parts=2) for part in (0, 1))
    assert first + second == all_days
    calls = [sum(len(lane) for _, lanes in part for lane in lanes) for part in (first, second)]
    assert 0.9 < calls[0] / calls[1] < 1.1
    assert part_of(all_days, part=0, parts=1) == all_days
