"""The start page: where things are."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home.html", {"base": request.build_absolute_uri("/").rstrip("/")})
