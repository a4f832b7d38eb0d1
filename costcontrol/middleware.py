"""What every page says to the browser about itself."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self'{styles}; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
API_DOCS = "/api/docs/"  # Swagger UI styles its elements one by one


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Scripts and everything else from us alone; nothing inline."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        styles = " 'unsafe-inline'" if request.path.startswith(API_DOCS) else ""
        response.headers["Content-Security-Policy"] = POLICY.format(styles=styles)
        return response

    return middleware
