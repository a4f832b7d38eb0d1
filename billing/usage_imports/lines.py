"""HTTP to vendors: one client for a fetch, and its failures in our own words."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx2

from billing.usage_imports.asking import TIMEOUT_S, Unanswered
from costcontrol.lib import tls

CONNECT_S = 5.0
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
NEVER_SENT = (
    httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError, UnicodeError,
)


def http_client(base_url: str) -> httpx2.Client:
    """Redirects are not followed: they could take the key to another host. A proxy from the
    environment must not stand between us and our own machine. What is no answer is not read, which
    SDKs do without a bound."""
    trust_env = urlsplit(base_url).hostname not in LOOPBACK
    return httpx2.Client(
        timeout=httpx2.Timeout(TIMEOUT_S, connect=CONNECT_S), follow_redirects=False,
        trust_env=trust_env, verify=tls.certificates(trust_env=trust_env),
        event_hooks={"response": [_check]},
    )


def _check(reply: httpx2.Response) -> None:
    """Raises Unanswered."""
    if reply.status_code != 200:
        raise Unanswered(
            "status", status=reply.status_code, retry_after=reply.headers.get("retry-after", "")
        )


@contextmanager
def failures() -> Iterator[None]:
    """Raises Unanswered for whatever the line does."""
    try:
        yield
    except NEVER_SENT:
        raise Unanswered("address") from None
    except httpx2.TimeoutException:
        raise Unanswered("timeout") from None
    except (httpx2.HTTPError, httpx2.StreamError):
        raise Unanswered("line") from None
