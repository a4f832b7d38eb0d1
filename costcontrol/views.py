"""The start page: what this is, and where to go."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home.html", {"base_url": request.build_absolute_uri("/v1")})
