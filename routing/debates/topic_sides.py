"""What PRO and CON say about a topic, spelled out for whoever has to choose between topics."""

from collections.abc import Iterable
from typing import Any

from costcontrol.lib.sentences import Sentence as _
from costcontrol.lib.sentences import said
from routing.debates.topic_guards import options_of
from routing.debates.topics import Choice, Resolved, title_in
from routing.models import Topic


def choices_json(choices: Iterable[Choice], *, language: str) -> list[dict[str, Any]]:
    """As `did_you_mean` in answers of the API."""
    return [_choice_json(choice, language) for choice in choices]


def match_json(found: Resolved | None) -> dict[str, Any]:
    """How a topic was found, and what its sides say; empty for one of the user's own."""
    if found is None or found.topic is None:
        return {"how": "new", "pro_says": "", "con_says": ""}
    pro, con = sides_of(found.topic, is_swapped=found.is_swapped, language=found.language)
    return {"how": found.how, "pro_says": pro, "con_says": con}


def _choice_json(choice: Choice, language: str) -> dict[str, Any]:
    pro, con = sides_of(choice.topic, is_swapped=choice.is_swapped, language=language)
    return {
        "topic_id": choice.topic.key, "title": title_in(choice.topic, language),
        "is_swapped": choice.is_swapped, "pro_says": pro, "con_says": con,
    }


def sides_of(topic: Topic, *, is_swapped: bool, language: str) -> tuple[str, str]:
    """(PRO, CON), in the reader's language; answers of the question in the debate's."""
    pro, con = _answers(topic, language)
    return (con, pro) if is_swapped else (pro, con)


def _answers(topic: Topic, language: str) -> tuple[str, str]:
    if topic.form != Topic.Form.EITHER_OR:
        return said(_("Yes")), said(_("No"))
    options = options_of(title_in(topic, language), language)
    if options is None:
        return said(_("The first of the two")), said(_("The second of the two"))
    first, second = (option.rstrip("?？. ") for option in options)  # noqa: RUF001
    return f"{first} …", f"… {second}"
