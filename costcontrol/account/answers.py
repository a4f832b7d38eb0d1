"""What a form leads to: done, and to a page that says so; or the same page with what is wrong."""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from costcontrol.lib.errors import CostControlError
from costcontrol.lib.sentences import said


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something was not done; `field` is the form's field that it is about, if it is one."""

    text: str
    field: str
    status: int


def problem_of(error: CostControlError) -> Problem:
    return Problem(said(error.message), error.param or "", error.status)


def done_or_told(
    request: HttpRequest, action: Callable[[], object], *, done: str, then: str,
    page: Callable[[HttpRequest, Problem], HttpResponse],
) -> HttpResponse:
    """Nothing is half done: an action is one transaction, and raises before it changes anything."""
    try:
        action()
    except CostControlError as error:
        return page(request, problem_of(error))
    messages.success(request, done)
    return redirect(then)
