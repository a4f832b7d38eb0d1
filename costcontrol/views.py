"""The start page: what this is, and where to go."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from costcontrol.context import address


def home(request: HttpRequest) -> HttpResponse:
    context = {
        "base_url": request.build_absolute_uri("/v1"),
        "overview_url": address("dashboard:overview") or address("login"),
    }
    return render(request, "home.html", context)
