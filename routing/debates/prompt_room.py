"""How much room a prompt takes, and which of the transcript still has a place in it."""

from collections.abc import Sequence

from routing import tokens
from routing.debates.prompt_parts import line_of, words_of
from routing.debates.types import Brief, Said
from routing.types import Message

PER_MESSAGE = tokens.WIDEST.per_message
PER_REPLY = tokens.WIDEST.per_reply


def cost(messages: Sequence[Message]) -> int:
    """Tokens of whole messages, in the widest format, with the beginning of the answer."""
    return PER_REPLY + sum(PER_MESSAGE + tokens.count(each.content) for each in messages)


def newest_that_fit(said: Sequence[Said], room: int, brief: Brief) -> tuple[Said, ...]:
    """All of it, or what was said last, with room for a line that says so."""
    costs = [PER_MESSAGE + tokens.count(line_of(each, brief)) for each in said]
    if sum(costs) <= room:
        return tuple(said)
    left = room - 2 * PER_MESSAGE - tokens.count(words_of(brief).cut) - PER_MESSAGE
    first = len(said)
    while first and costs[first - 1] <= left:
        first -= 1
        left -= costs[first]
    return tuple(said[first:])
