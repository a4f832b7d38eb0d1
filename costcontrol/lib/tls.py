"""The certificates that servers are known by, read once a process.

A client that is not told reads all of them again, which takes 20 ms of a processor: more than all
the rest of a request.
"""

import ssl
from functools import cache

import httpx2


@cache
def certificates(*, trust_env: bool) -> ssl.SSLContext:
    """What a client would read for itself. Connections of all threads and loops may share it."""
    return httpx2.create_ssl_context(trust_env=trust_env)
