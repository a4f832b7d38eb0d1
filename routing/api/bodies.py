"""Reading the JSON body of a small request."""

from typing import Any

from rest_framework.request import Request

from costcontrol.lib.errors import BadRequest, PayloadTooLarge
from costcontrol.lib.sentences import Sentence as _

MAX_BYTES = 256 * 1024


def object_of(request: Request, *, max_bytes: int = MAX_BYTES) -> dict[str, Any]:
    """Raises BadRequest and PayloadTooLarge; what is no JSON at all, DRF refuses."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > max_bytes:
        raise PayloadTooLarge(
            _("The body is larger than %(kb)d KB. Send less text.") % {"kb": max_bytes // 1024}
        )
    try:
        data = request.data
    except RecursionError:
        raise BadRequest(_("The JSON is nested too deeply.")) from None
    if not isinstance(data, dict):
        raise BadRequest(_("The body must be a JSON object."))
    return data
