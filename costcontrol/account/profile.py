"""Language and time zone: what a person chose, and where else it is kept so that pages know it.

The language is kept in the session as well: each page reads that anyway.
"""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.i18n import set_language

from accounts.models import User
from costcontrol.account.access import customer_required, person_of

LANGUAGE = "language"  # in the session


class ProfileForm(forms.Form):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        by_browser = ("", _("as my browser says"))
        usual = ("", _("the usual one here: %(zone)s") % {"zone": settings.DEFAULT_ZONE})
        zones = [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones())]
        self.fields["language"] = forms.ChoiceField(
            choices=[by_browser, *settings.LANGUAGES], required=False
        )
        self.fields["zone"] = forms.ChoiceField(choices=[usual, *zones], required=False)


@customer_required
def profile(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    as_it_is = {"language": user.language, "zone": user.zone}
    form = ProfileForm(request.POST or None, initial=as_it_is)
    if not form.is_valid():
        return render(request, "mine/profile.html", {"form": form})
    user.language, user.zone = form.cleaned_data["language"], form.cleaned_data["zone"]
    user.save(update_fields=["language", "zone"])
    remember(request, user)
    translation.activate(user.language or _of_browser(request))
    messages.success(request, _("Saved."))
    return _with_cookie(redirect("mine:profile"), user.language)


def switch_language(request: HttpRequest) -> HttpResponse:
    """The switch in the page's head. Signed in, it is a choice that is kept."""
    response = set_language(request)
    language = request.POST.get("language", "")
    user = request.user
    if request.method == "POST" and language in dict(settings.LANGUAGES) and user.is_authenticated:
        User.objects.filter(pk=user.pk).update(language=language)
        request.session[LANGUAGE] = language
    return response


def remember(request: HttpRequest, user: User) -> None:
    if user.language:
        request.session[LANGUAGE] = user.language
    else:
        request.session.pop(LANGUAGE, None)


def _of_browser(request: HttpRequest) -> str:
    """Without the cookie, which may hold what they have just given up."""
    request.COOKIES.pop(settings.LANGUAGE_COOKIE_NAME, None)
    return translation.get_language_from_request(request)


def _with_cookie(response: HttpResponse, language: str) -> HttpResponse:
    name = settings.LANGUAGE_COOKIE_NAME
    if not language:
        response.delete_cookie(name)
        return response
    response.set_cookie(
        name, language, max_age=settings.LANGUAGE_COOKIE_AGE, samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
    return response
