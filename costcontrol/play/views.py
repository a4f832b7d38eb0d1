"""Start a debate, watch one's own, read one that somebody shares.

Pages are made from the same functions as the API's answers; what people do on them goes to the API.
"""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.sessions import caller_of_person, person_get
from accounts.types import Caller
from costcontrol import formats
from costcontrol.account.access import customer_required, person_of, zone_of
from costcontrol.lib import clock
from costcontrol.lib.errors import NotFound
from costcontrol.play import chooser, listing, scripts, transcript
from routing.debates import services, shown, transcripts
from routing.debates.messages import MAX_TEXT_CHARACTERS
from routing.debates.orders import MAX_CONTEXT_CHARACTERS
from routing.debates.topic_texts import MAX_TOPIC_CHARACTERS


@customer_required
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    caller = caller_of(request)
    data = chooser.catalogue(caller.user_id)
    own = listing.page_of(caller, number=page_number(request))
    return render(request, "play/start.html", {
        "own": own.lines, "pager": own, "zone": zone_of(request),
        "running": next((line for line in own.lines if not line.is_over), None),
        "data": data, "words": scripts.of_start(), "styles": chooser.styles(),
        "categories": chooser.categories(data["topics"]),
        "languages_of_debate": chooser.languages(), "page_language": formats.language(),
        "topic_limit": MAX_TOPIC_CHARACTERS, "context_limit": MAX_CONTEXT_CHARACTERS,
        "is_staff_view": caller.may_see_costs,
    })  # fmt: skip


@customer_required
@require_safe
def debate(request: HttpRequest, debate_id: UUID) -> HttpResponse:
    caller = caller_of(request)
    try:
        row = services.debate_get(debate_id, caller=caller)
    except NotFound as error:
        raise Http404(_("There is no such debate among yours.")) from error
    services.debate_seen(row, now=clock.now())
    data = shown.debate_json(shown.whole_of(row), may_see_costs=caller.may_see_costs)
    data["url"] = f"/api/v1/debates/{row.pk}"
    return render(request, "play/debate.html", {
        "view": view_of(data, you=_("you")), "data": data,
        "words": scripts.of_debate(is_staff=caller.may_see_costs),
        "text_limit": MAX_TEXT_CHARACTERS, "is_staff_view": caller.may_see_costs,
    })  # fmt: skip


@require_safe
def replay(request: HttpRequest, share_key: str) -> HttpResponse:
    """For anybody who has the link. Nobody is told whether there ever was one."""
    try:
        data = transcripts.replay_json(shown.whole_of(transcripts.replay_get(share_key)))
    except NotFound:
        return render(request, "play/gone.html", status=404)
    return render(request, "play/replay.html", {
        "view": view_of(data, you=_("a person")), "data": data, "words": scripts.of_replay(),
    })  # fmt: skip


def view_of(data: transcript.Row, *, you: str) -> dict[str, Any]:
    """`you`: how whoever sat in the user's seat is called."""
    return {
        "you": you, "url": data.get("url"),
        "id": data.get("id"), "is_pair": data["format"] == "2v2", "topic": data["topic"]["text"],
        "language": data["topic"]["language"], "sides": transcript.sides(data),
        "sections": transcript.sections(data), "blank": transcript.blank(data),
    }  # fmt: skip


def caller_of(request: HttpRequest) -> Caller:
    return caller_of_person(person_get(person_of(request).pk))


def page_number(request: HttpRequest) -> int:
    given = request.GET.get("page", "")
    return max(1, int(given)) if given.isdecimal() and len(given) < 5 else 1
