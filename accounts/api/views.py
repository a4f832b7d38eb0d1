"""`POST /api/v1/tokens`: an assertion of a frontend's backend becomes one user's token."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import tokens
from accounts.api.serializers import AssertionSerializer, TokenSerializer
from accounts.assertions import BadAssertion
from costcontrol.lib import clock
from costcontrol.lib.sentences import Sentence as _


class TokensView(APIView):
    """The assertion says who asks: no key is sent."""

    authentication_classes = []
    permission_classes = []

    @extend_schema(
        operation_id="tokens_create", request=AssertionSerializer, responses=TokenSerializer,
        tags=["tokens"], auth=[],
    )
    def post(self, request: Request) -> Response:
        """Exchange a signed assertion, once, for a token that is valid for 15 minutes."""
        now = clock.now()
        token = tokens.token_issue(assertion_of(request), now=now)
        body = {
            "token": token.text, "expires_at": token.expires_at,
            "expires_in": int((token.expires_at - now).total_seconds()),
        }
        return Response(TokenSerializer(body).data, headers={"Cache-Control": "no-store"})


def assertion_of(request: Request) -> str:
    text = request.data.get("assertion") if isinstance(request.data, dict) else None
    if not isinstance(text, str):
        raise BadAssertion(
            _("Send the assertion as JSON: an object with the text “assertion” in it.")
        )
    return text
