"""What people say about what they meant: this topic, none of these, not this one."""

from datetime import datetime

from accounts.types import Caller
from costcontrol.lib.errors import BadRequest
from costcontrol.lib.sentences import Sentence as _
from routing.debates import topic_aliases
from routing.debates.topic_aliases import Status, Words
from routing.debates.topic_texts import checked, language_written
from routing.debates.topics import title_match, titles_on_offer, topic_get

# What became of a choice: for whom it counts from now on.
STATUSES = {Status.PROPOSED: "yours", Status.ACTIVE: "everybody", Status.QUARANTINED: "reported"}
TITLE, NEW, NOT_KEPT = "title", "new", "not_kept"
OUTCOMES = (*STATUSES.values(), TITLE, NEW, NOT_KEPT)


def topic_confirm(
    text: str, *, topic_id: str | None, is_swapped: bool, caller: Caller, now: datetime
) -> str:
    """One of OUTCOMES. `topic_id` None: none of those that were offered. Raises TopicBlocked,
    TopicUnknown, RateLimited."""
    words = words_of(text)
    if topic_id is None:
        topic_aliases.alias_unchoose(words, user_id=caller.user_id)
        return NEW
    from routing.debates.topic_likeness import likely  # numpy: only those load it who resolve

    topic, titles = topic_get(topic_id), titles_on_offer()
    if title_match(words.norm, titles):
        return TITLE  # a title means its topic, whatever anybody says
    status = topic_aliases.alias_choose(
        words, topic, is_swapped=is_swapped, caller=caller, now=now,
        is_offered=(topic.key, is_swapped) in likely(words.text, titles).pairs,
    )
    return STATUSES[Status(status)] if status else NOT_KEPT


def topic_report(text: str, topic_id: str, *, caller: Caller, now: datetime) -> None:
    """These words do not mean this topic. Raises TopicBlocked, TopicUnknown, RateLimited, and
    BadRequest for a title."""
    words, topic = words_of(text), topic_get(topic_id)
    if title_match(words.norm, titles_on_offer()):
        raise BadRequest(
            _("That is a question of the catalogue in its own words. Nothing was guessed."),
            param="text",
        )
    topic_aliases.alias_report(words, topic, user_id=caller.user_id, now=now)


def words_of(text: str) -> Words:
    """Raises TopicBlocked."""
    wanted = checked(text)
    return Words(wanted, language_written(wanted))
