"""HTTP to this machine: `httpx.get(url, **PLAIN)`.

Without proxies, and without the certificates of the world: each client that is not told otherwise
reads them anew, which takes 18 ms of a processor, and `httpx.get` makes a client for each call.
"""

import ssl
from typing import Any

NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
PLAIN: dict[str, Any] = {"trust_env": False, "verify": NO_CERTIFICATES}
