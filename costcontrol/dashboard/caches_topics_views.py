"""Topics' other words, and what was taken by likeness: what staff see and decide."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.audited import actor_of
from costcontrol.dashboard import caches_similarity
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.caches_matches import matches_view
from costcontrol.dashboard.caches_tabs import CHANGE_WORDS, allow, tabs
from costcontrol.dashboard.caches_threshold import language_of, records_in_force, threshold_view
from costcontrol.dashboard.caches_topics import topics_page
from costcontrol.dashboard.caches_views import MAX_ID
from costcontrol.dashboard.csvs import csv_response
from costcontrol.lib import clock
from routing import staff_topics
from routing.debates.types import LANGUAGES
from routing.models import TopicAlias, TopicMatch
from routing.reports.topic_words import resolver

DECISIONS = (TopicAlias.Status.ACTIVE, TopicAlias.Status.QUARANTINED)
VERDICTS = (TopicMatch.Verdict.RIGHT, TopicMatch.Verdict.WRONG)


@staff_required
@require_safe
def topics(request: HttpRequest) -> HttpResponse:
    page = topics_page(now=clock.now())
    context = {
        "page": page, "matches": matches_view(),
        "threshold": threshold_view(request.GET.dict(), page.resolver),
        "may_decide": request.user.has_perm(CHANGE_WORDS),
    }
    return render(request, "dashboard/caches_topics.html", context | tabs("caches_topics"))


@staff_required
@require_safe
def similarity_csv(request: HttpRequest) -> HttpResponse:
    """The bars of the chart, of the language that is asked for."""
    language = language_of(request.GET.dict())
    records = records_in_force(language, resolver(LANGUAGES, now=clock.now()))
    return csv_response(f"topics-similarity-{language}", caches_similarity.export(records))


@staff_required
@require_POST
def words_decide(request: HttpRequest, alias_id: int) -> HttpResponse:
    allow(request, CHANGE_WORDS)
    status = request.POST.get("status", "")
    done = (
        staff_topics.alias_decide(
            min(alias_id, MAX_ID), status=status, actor=actor_of(request), now=clock.now()
        )
        if status in DECISIONS else None
    )
    if done is None:
        messages.warning(request, _("These words are gone, so nothing was changed."))
    elif not done:
        messages.error(request, _("These words are in use for another topic. Quarantine them "
                                  "there first."))
    elif status == TopicAlias.Status.ACTIVE:
        messages.success(request, _("These words mean the topic for everybody now."))
    else:
        messages.success(request, _("Nobody is led to the topic by these words any more."))
    return HttpResponseRedirect(reverse("dashboard:caches_topics"))


@staff_required
@require_POST
def match_judge(request: HttpRequest, match_id: int) -> HttpResponse:
    allow(request, CHANGE_WORDS)
    verdict = request.POST.get("verdict", "")
    is_right = verdict == TopicMatch.Verdict.RIGHT
    is_done = verdict in VERDICTS and staff_topics.match_decide(
        min(match_id, MAX_ID), is_right=is_right, actor=actor_of(request), now=clock.now()
    )
    if not is_done:
        messages.warning(request, _("This text is gone or was judged already, so nothing was "
                                    "changed."))
    elif is_right:
        messages.success(request, _("Counted as right. The text itself was deleted."))
    else:
        messages.success(request, _("Counted as wrong. Nobody is led to the topic by these words "
                                    "any more; they are in quarantine."))
    return HttpResponseRedirect(f"{reverse('dashboard:caches_topics')}#matches-title")
