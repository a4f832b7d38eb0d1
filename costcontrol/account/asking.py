"""Buttons that change something: what went wrong is a sentence on the page they lead back to."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from costcontrol.lib.errors import CostControlError
from costcontrol.lib.sentences import said


def go(url: str) -> HttpResponse:
    """With GET, whatever was sent before."""
    return HttpResponseRedirect(url, status=303)


def done(request: HttpRequest, act: Callable[[], object], *, then: str, words: str) -> HttpResponse:
    """Do it, say so, and go on. Refused: say why, and go to the same place."""
    try:
        act()
    except CostControlError as error:
        messages.error(request, said(error.message))
        return go(then)
    messages.success(request, words)
    return go(then)


def sent_away(request: HttpRequest, begin: Callable[[], str], *, back: str) -> HttpResponse:
    """To a page of Stripe's that `begin` opens. Refused: back, with the reason."""
    try:
        return go(begin())
    except CostControlError as error:
        messages.error(request, said(error.message))
        return go(back)
