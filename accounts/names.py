"""Names that people give to things: one line of visible characters, not too long."""

from costcontrol.lib.errors import BadRequest
from costcontrol.lib.sentences import Sentence as _

NAME_LENGTH = 80


def cleaned(text: str, *, param: str = "name") -> str:
    """The name as it is kept; empty stays empty. Raises BadRequest."""
    name = " ".join(text.split())
    if len(name) > NAME_LENGTH:
        raise BadRequest(
            _("This name has %(length)s characters, and %(max)s at most fit. Choose a shorter one.")
            % {"length": f"{len(name):,}", "max": NAME_LENGTH},
            param=param,
        )
    if not name.isprintable():
        raise BadRequest(
            _("This name holds characters that cannot be shown. Type it anew."), param=param
        )
    return name
