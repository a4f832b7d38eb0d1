"""Everything around a person's login on one page: password, addresses, second factor, sessions."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from costcontrol.account.access import customer_required


@customer_required
def security(request: HttpRequest) -> HttpResponse:
    return render(request, "mine/security.html", {})
