"""How a debate can be refused, beside what the gateway refuses: before anything is charged.

NotFound (404)      PhilosopherUnknown, TopicUnknown, DebateUnknown, TurnUnknown, MessageUnknown:
                    also what belongs to somebody else
Conflict (409)      TurnInProgress, StageOutOfOrder, UserTurn, DebateOver, DebatePaused,
                    PhilosopherLimit
Refused (403)       PhilosopherFixed
Unacceptable (422)  TopicBlocked, CastInvalid, LanguageUnavailable, TextTooLong, EventUnknown,
                    PhilosopherInvalid
"""

from costcontrol.lib.errors import BadRequest, Conflict, NotFound, Refused


class PhilosopherUnknown(NotFound):
    code = "philosopher_unknown"


class TopicUnknown(NotFound):
    code = "topic_unknown"


class DebateUnknown(NotFound):
    code = "debate_unknown"


class TurnUnknown(NotFound):
    code = "turn_unknown"


class MessageUnknown(NotFound):
    code = "message_unknown"


class TurnInProgress(Conflict):
    """Carries `turn` (its number) and `turn_id`: read along there."""

    code = "turn_in_progress"


class StageOutOfOrder(Conflict):
    code = "stage_out_of_order"


class UserTurn(Conflict):
    """It is the user who speaks next: there is nothing to generate."""

    code = "user_turn"


class DebateOver(Conflict):
    """Finished or cancelled."""

    code = "debate_over"


class DebatePaused(Conflict):
    code = "debate_paused"


class PhilosopherLimit(Conflict):
    """The user has as many philosophers of their own as one may have."""

    code = "philosopher_limit"


class PhilosopherFixed(Refused):
    """One of the catalogue: users change their own only."""

    code = "philosopher_fixed"


class Unacceptable(BadRequest):
    """Well formed, and still nothing a debate can be made of."""

    status = 422


class TopicBlocked(Unacceptable):
    """Empty, or too long for a topic."""

    code = "topic_blocked"


class CastInvalid(Unacceptable):
    """The same philosopher on both sides, or not as many as the format wants."""

    code = "cast_invalid"


class LanguageUnavailable(Unacceptable):
    """No model that may answer speaks the language of the debate."""

    code = "language_unavailable"


class TextTooLong(Unacceptable):
    code = "text_too_long"


class EventUnknown(Unacceptable):
    """A reader wants to go on from an event that was never sent."""

    code = "event_unknown"


class PhilosopherInvalid(Unacceptable):
    """A philosopher of one's own with nothing to say, or too much. `param`: the field."""

    code = "philosopher_invalid"
