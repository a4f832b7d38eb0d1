"""The words that scripts of these pages say, as JSON. `%(name)s` is filled in by the script."""

from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from costcontrol.dashboard.layer_names import LAYER_NAMES
from costcontrol.lib.sentences import said
from costcontrol.play import words
from routing.debates.searching import FAILED
from routing.debates.stage_names import STAGE_NAMES

NOBODY = UUID(int=0)  # its place in an address is taken by the id of a call or debate


GROUPS: dict[str, words.Words] = {
    "stages": STAGE_NAMES, "kinds": words.KINDS, "sides": words.SIDES,
    "sources": words.SOURCES, "classes": words.CLASSES, "layers": LAYER_NAMES,
}


def of_names(*names: str) -> dict[str, Any]:
    """Of all groups, or of these."""
    return {
        name: {key: str(word) for key, word in GROUPS[name].items()} for name in names or GROUPS
    }


def of_problems() -> dict[str, str]:
    return {
        "failed": _("That did not work. Try it again; if it keeps failing, tell the operator."),
        "offline": _("The server cannot be reached. Check your connection and try again."),
        "again": _("Try again"),
        "signed_out": _("You are signed out. Sign in again: everything is where you left it."),
        "sign_in": _("Sign in again"),
        "sign_in_url": reverse("login"),
        "plans": _("See the plans"),
        "plans_url": reverse("mine:plans"),
        "opens": _("It opens again at %(when)s."),
    }


def of_turns() -> dict[str, str]:
    return {
        "you": _("you"),
        "thinking": _("is thinking …"),
        "to": _("%(kind)s, to %(name)s"),
        "credits": _("%(credits)s credits"),
        "call": _("the call"),
        "unsearched": said(FAILED),
    }


def of_debate(*, is_staff: bool) -> dict[str, Any]:
    return {
        **of_names(), **of_problems(), **of_turns(),
        "messages_url": "/api/v1/messages/",
        "call_url": reverse("dashboard:call", args=[NOBODY]) if is_staff else "",
        "progress": _("Turn %(done)s of %(total)s"),
        "try_again": str(words.TRY_AGAIN),
        "unwatched": str(words.UNWATCHED),
        "stopped": str(words.STOPPED),
        "over": str(words.OVER),
        "passed": str(words.PASSED),
        "paused": _("The debate is paused. Nothing is written and nothing is used up meanwhile."),
        "degraded": _("A budget is nearly used up: the debate goes on with a smaller model."),
        "budget": _(
            "%(percent)s of your budget for models is used: %(used)s of %(limit)s credits. "
            "A debate that has begun is finished even so."
        ),
        "reconnecting": _("The connection was cut. Trying to get it back; nothing is lost."),
        "your_turn": _("Your turn: %(kind)s"),
        "your_turn_now": _("It is your turn to speak."),
        "letters": _("%(count)s of %(limit)s characters"),
        "too_long": _("%(count)s characters: that is more than the %(limit)s that fit"),
        "said": _("Your words are in the debate."),
        "rated": _("Thank you, that was noted."),
        "finished": _("The debate is over"),
        "cancelled": _("The debate was ended early"),
        "stored": _("%(stored)s of %(all)s turns"),
    }


def of_start() -> dict[str, Any]:
    return {
        **of_names("sides", "classes"), **of_problems(),
        "debate_url": reverse("play:debate", args=[NOBODY]), "no_id": str(NOBODY),
        "topics": _("Questions found: %(count)s"),
        "no_topics": _("No question has these words. Ask your own below."),
        "own": _("your own"),
        "speaker": _("Philosopher"),
        "speaker_n": _("Philosopher %(n)s"),
        "style": _("Style: %(style)s"),
        "says": {"pro": _("argues for it"), "con": _("argues against it")},
        "watch": _("Watch"),
        "play_as": _("Play %(name)s (%(side)s)"),
        **of_meaning(), **of_prices(),
    }


def of_meaning() -> dict[str, str]:
    return {
        "did_you_mean": _("Did you mean one of these?"),
        "both_say": _("PRO says: %(pro)s · CON says: %(con)s"),
        "none_of_these": _("None of these: a new question"),
        "as_typed": _("It will be debated as you typed it."),
        "is_known": _("This is a question of the list:"),
        "not_meant": _("Not what I meant"),
        "taken_back": _("Your choice is taken back."),
        "reported": _("Thank you. These words are not taken for that question again."),
    }


def of_prices() -> dict[str, Any]:
    return {
        "range": _("%(low)s to %(high)s credits"),
        "free": _("No credits"),
        "instead": {"ko": _("Debate it in Korean"), "en": _("Debate it in English")},
        "slow_down": _("You choose faster than prices can be worked out. It goes on by itself."),
        "dollars": _("%(low)s to %(high)s at the providers"),
        "turns": _("%(turns)s turns, %(calls)s calls of models"),
        "cached": _("Answers that are stored already: %(cached)s"),
        "models": _("Written by: %(models)s"),
        "lean": _("The model is too small for work in the background: a plain debate."),
        "search_on": _("Web searches for the opening statements: %(searches)s"),
        "search_stored": _("Web search is on; none is needed now."),
        "search_off": _("Web search is off: the models write from what they know."),
        "quota": _("Takes 1 of your debates today: %(left)s of %(limit)s left"),
        "no_quota": _("Your plan has no limit of debates"),
        "paid_from": {
            "credit": _("The plan is used up: paid from your credit"),
            "overage": _("The plan is used up: paid beyond the plan"),
        },
    }


def of_replay() -> dict[str, Any]:
    return {**of_names(), **of_problems(), **of_turns(), "you": _("a person"), "call_url": "",
            "reconnecting": _("The connection was cut. Trying to get it back; nothing is lost.")}
