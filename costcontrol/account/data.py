"""What we keep about somebody: to take away as a file, and to have deleted.

For both they sign in again first (allauth's reauthentication): an open laptop is not enough.
"""

from collections.abc import AsyncIterator
from typing import IO

from allauth.account.decorators import reauthentication_required
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import closing
from accounts.services import audit
from costcontrol.account.access import customer_required, factor_first
from costcontrol.account.answers import Problem, problem_of
from costcontrol.account.export import export_make
from costcontrol.account.organisation import person
from costcontrol.lib import clock
from costcontrol.lib.errors import CostControlError

PIECE_BYTES = 64 * 1024


@customer_required
@require_GET
def data(request: HttpRequest) -> HttpResponse:
    context = {"keep_days": settings.KEEP_TEXT_DAYS, "hindrance": _hindrance(request)}
    return render(request, "mine/data.html", context)


def _export(request: HttpRequest) -> HttpResponseBase:
    who, now = person(request), clock.now()
    audit(str(who), "data_export", str(who))
    file = export_make(who, now=now)
    mark = "demo-" if settings.DEMO else ""
    name = f"costcontrol-{mark}{now:%Y-%m-%d}.zip"
    return StreamingHttpResponse(
        pieces(file), content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    """From the disk, so that a long file takes no memory."""
    try:
        while piece := await sync_to_async(file.read)(PIECE_BYTES):
            yield piece
    finally:
        file.close()


def _delete(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return _page(request)
    who = person(request)
    try:
        closing.email_confirmed(who, request.POST.get("email", ""))
        closing.account_close(who, at=clock.now())
    except CostControlError as error:
        return _page(request, problem_of(error))
    logout(request)
    return render(request, "mine/data_gone.html")


def _page(request: HttpRequest, problem: Problem | None = None) -> HttpResponse:
    context = {"problem": problem, "hindrance": _hindrance(request)}
    status = problem.status if problem else 200
    return render(request, "mine/data_delete.html", context, status=status)


def _hindrance(request: HttpRequest) -> Problem | None:
    """What has to be done before the account can be closed."""
    try:
        closing.refuse_to_close(person(request))
    except CostControlError as error:
        return problem_of(error)
    return None


export = customer_required(require_POST(factor_first(reauthentication_required(_export))))
delete = customer_required(
    require_http_methods(["GET", "POST"])(reauthentication_required(_delete))
)
