"""`GET /api/v1/replays/{share_key}`: a finished debate that its owner shows to everybody."""

from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from routing.api.debates import schema
from routing.api.debates.base import DebateView
from routing.debates import shown, transcripts


class ReplayView(DebateView):
    """Who has the link needs no key."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @schema.REPLAY
    def get(self, request: Request, share_key: str) -> Response:
        whole = shown.whole_of(transcripts.replay_get(share_key))
        return Response(
            transcripts.replay_json(whole),
            headers={"Cache-Control": "no-cache", "X-Robots-Tag": "noindex"},
        )
