"""`/api/v1/philosophers` and `/api/v1/topics`: what debates are made of."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.types import Caller
from costcontrol.lib import clock
from costcontrol.lib.errors import BadRequest
from costcontrol.lib.sentences import Sentence as _
from costcontrol.lib.sentences import said
from routing import snapshot
from routing.api.bodies import object_of
from routing.api.catalogue_examples import (
    FILTERS,
    LISTED,
    MADE,
    MAX_PAGE,
    PAGE,
    SENT,
)
from routing.api.catalogue_serializers import (
    CatalogueTopicSerializer,
    PhilosopherRequestSerializer,
    PhilosopherSerializer,
    PhilosophersSerializer,
    TopicsSerializer,
)
from routing.debates import own
from routing.debates.cards import Draft, one_line
from routing.debates.categories import CATEGORIES
from routing.debates.drafts import draft_of
from routing.debates.philosophers import philosopher_get, philosophers_for
from routing.debates.topic_texts import MAX_TOPIC_CHARACTERS
from routing.debates.topics import topic_get
from routing.debates.topics_ready import topics_ready
from routing.debates.types import LANGUAGES
from routing.models import Philosopher, Topic

MAX_NUMBER = 10_000


def caller_of(request: Request) -> Caller:
    caller = request.auth
    assert isinstance(caller, Caller)
    return caller


def user_id_of(request: Request) -> int:
    return caller_of(request).user_id


class PhilosophersView(APIView):
    @extend_schema(
        operation_id="philosophers_list", responses=PhilosophersSerializer, tags=["catalogue"]
    )
    def get(self, request: Request) -> Response:
        """Whom the caller can cast: the catalogue, then their own."""
        people = philosophers_for(user_id_of(request))
        return Response({"results": [philosopher_shown(row) for row in people]})

    @extend_schema(
        operation_id="philosophers_create", request=PhilosopherRequestSerializer,
        responses={201: PhilosopherSerializer}, examples=[SENT, MADE], tags=["catalogue"],
    )
    def post(self, request: Request) -> Response:
        """Make a philosopher of one's own, whom nobody else sees or uses. Personal data: exported
        and deleted with the account."""
        draft = draft_of(object_of(request))
        return Response(philosopher_shown(own.own_make(draft, user_id=user_id_of(request))), 201)


class PhilosopherView(APIView):
    @extend_schema(
        operation_id="philosophers_get", responses=PhilosopherSerializer, tags=["catalogue"]
    )
    def get(self, request: Request, philosopher: str) -> Response:
        """The current version."""
        row = philosopher_get(philosopher, user_id=user_id_of(request))
        return Response(philosopher_shown(row))

    @extend_schema(
        operation_id="philosophers_replace", request=PhilosopherRequestSerializer,
        responses=PhilosopherSerializer, examples=[SENT, MADE], tags=["catalogue"],
    )
    def put(self, request: Request, philosopher: str) -> Response:
        """A new version of one's own, in place of all that was said."""
        user_id = user_id_of(request)
        row = own.own_get(philosopher, user_id=user_id)
        draft = draft_of(object_of(request))
        return Response(philosopher_shown(own.own_change(row, draft, user_id=user_id)))

    @extend_schema(
        operation_id="philosophers_change", request=PhilosopherRequestSerializer,
        responses=PhilosopherSerializer, tags=["catalogue"],
    )
    def patch(self, request: Request, philosopher: str) -> Response:
        """A new version of one's own, with what is sent; the rest stays. A language sent as null
        goes."""
        user_id = user_id_of(request)
        row = own.own_get(philosopher, user_id=user_id)
        draft = draft_of(object_of(request), over=Draft.of(row))
        return Response(philosopher_shown(own.own_change(row, draft, user_id=user_id)))

    @extend_schema(
        operation_id="philosophers_delete", request=None, responses={204: None}, tags=["catalogue"]
    )
    def delete(self, request: Request, philosopher: str) -> Response:
        """Nobody can cast it any more. Debates that were held with it keep it."""
        own.own_remove(own.own_get(philosopher, user_id=user_id_of(request)))
        return Response(status=204)


class TopicsView(APIView):
    @extend_schema(
        operation_id="topics_list", responses=TopicsSerializer, parameters=FILTERS,
        examples=[LISTED], tags=["catalogue"],
    )
    def get(self, request: Request) -> Response:
        """Questions to debate, the most popular first."""
        rows = topics_wanted(request)
        if request.query_params.get("ready", "").lower() in ("true", "1"):
            rows = rows.filter(key__in=ready_among(request, rows))
        page, size = _number(request, "page", 1), _number(request, "page_size", PAGE)
        size = min(size, MAX_PAGE)
        count, shown = rows.count(), list(rows[(page - 1) * size : page * size])
        ready = ready_among(request, shown)
        return Response({
            "count": count,
            "next": _address(request, page + 1) if page * size < count else None,
            "results": [topic_shown(row, is_ready=row.key in ready) for row in shown],
            "categories": [category_shown(key) for key in CATEGORIES],
        })


class TopicView(APIView):
    @extend_schema(
        operation_id="topics_get", responses=CatalogueTopicSerializer, tags=["catalogue"]
    )
    def get(self, request: Request, topic: str) -> Response:
        row = topic_get(topic)
        return Response(topic_shown(row, is_ready=row.key in ready_among(request, [row])))


def philosopher_shown(row: Philosopher) -> dict[str, Any]:
    return {
        "key": row.key, "version": row.version, "is_own": row.owner_id is not None,
        "name": {"ko": row.name_ko, "en": row.name_en},
        "cards": {code: row.card[code] for code in LANGUAGES if row.card.get(code)},
        "strategies": row.card.get("strategies", {}),
    }


def ready_among(
    request: Request, rows: Iterable[Topic], *, language: str = ""
) -> set[str]:
    """In this language, or that was asked for, or that the caller is answered in."""
    language = language or language_in(request.query_params.get("language", "")) or (
        (get_language() or settings.LANGUAGE_CODE).partition("-")[0]
    )
    return topics_ready(
        rows, language=language, caller=caller_of(request), snapshot=snapshot.latest(),
        now=clock.now(),
    )


def topic_shown(row: Topic, *, is_ready: bool) -> dict[str, Any]:
    return {
        "key": row.key, "category": category_shown(row.category), "ko": row.ko, "en": row.en,
        "form": row.form, "pro_is": row.pro_is, "default_cast": row.default_cast or None,
        "popularity_rank": row.popularity_rank, "is_ready": is_ready,
    }


def category_shown(key: str) -> dict[str, str]:
    return {"key": key, "name": said(CATEGORIES.get(key, key))}


def topics_wanted(request: Request) -> QuerySet[Topic]:
    asked = request.query_params
    rows = Topic.objects.filter(is_active=True)
    if category := one_line(asked.get("category", "")):
        rows = rows.filter(category=category)
    language = language_in(asked.get("language", ""))
    if words := one_line(asked.get("q", ""))[:MAX_TOPIC_CHARACTERS]:
        titles = (language,) if language else LANGUAGES
        found = Q()
        for code in titles:
            found |= Q(**{f"{code}__icontains": words})
        rows = rows.filter(found)
    return rows


def _number(request: Request, name: str, usual: int) -> int:
    text = request.query_params.get(name, str(usual))
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= MAX_NUMBER):
        raise BadRequest(
            _("“%(name)s” must be a whole number from 1 to %(limit)d.")
            % {"name": name, "limit": MAX_NUMBER},
            param=name,
        )
    return int(text)


def language_in(code: Any) -> str:
    if code and code not in LANGUAGES:
        raise BadRequest(
            _("“language” is “ko” or “en”, or left out."), param="language"
        )
    return str(code)


def text_in(data: dict[str, Any], name: str) -> str:
    value = data.get(name, "")
    if not isinstance(value, str):
        raise BadRequest(_("“%(field)s” must be a text.") % {"field": name}, param=name)
    return value


def _address(request: Request, page: int) -> str:
    asked = {name: value for name, value in request.query_params.items() if name != "page"}
    return f"{request.path}?{urlencode(asked | {'page': str(page)})}"
