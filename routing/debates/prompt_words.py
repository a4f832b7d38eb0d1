"""What prompts are written with: the sentences of one language, and where to find them.

All braces in the sentences are filled by `str.format` with names that were cleaned before.
"""

from collections.abc import Mapping
from dataclasses import dataclass

MODERATOR_STYLES = ("casual", "formal", "witty", "passionate", "socratic")
USUAL_STYLE = MODERATOR_STYLES[0]


@dataclass(frozen=True, slots=True)
class Words:
    """`tasks`: of turns; `jobs`: of calls behind the scenes; `short_*`: for very little room."""

    rules: str
    job_rules: str
    short_rules: str
    pro: str
    con: str
    moderator: str
    positions: str
    positions_swapped: str
    cut: str
    you: str
    mate: str
    you_moderate: str
    styles: Mapping[str, str]
    tasks: Mapping[str, str]
    jobs: Mapping[str, str]
    short_brief: str
    short_you: str
    short_moderate: str
    short_tasks: Mapping[str, str]
    tones: Mapping[str, str]  # what `tone_select` may choose, and how the turn is told
    notes: Mapping[str, str]
    card: Mapping[str, str]  # field -> its label
    views: Mapping[str, str]  # what PRO and CON of the catalogue's topic say, without these names
    you_say: str
    canon: Mapping[str, str]  # tasks whose answers other debates may use: nothing of this one

    def side(self, speaker: str) -> str:
        return {"pro": self.pro, "con": self.con}.get(speaker[:3], "")
