"""Static files as they are sent: named after their content, so that browsers keep them for good,
and compressed once, when the product starts with other files than last time.
"""

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from whitenoise.compress import Compressor
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

# Nothing that we send refers to these: source maps, a second API browser, DRF's HTML pages.
NOT_SENT = ["*.map", "redoc", "rest_framework"]
FINGERPRINT = ".fingerprint"
VERSION = 1  # of this module: a new one makes everything anew


class Storage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # no stubs
    # Only what style sheets load, and our own modules. Comments that name source maps stay as they
    # are.
    patterns = (
        (
            "*.css",
            (
                r"""(?P<matched>url\((?P<quote>['"]{0,1})\s*(?P<url>.*?)(?P=quote)\))""",
                (
                    r"""(?P<matched>@import\s*["']\s*(?P<url>.*?)["'])""",
                    """@import url("%(url)s")""",
                ),
            ),
        ),
        (
            "play-*.js",
            (
                (
                    r"""(?P<matched>import(?P<names>[^;]*?)\s*from\s*["'](?P<url>\./[^"']*)["'];)""",
                    """import%(names)s from "%(url)s";""",
                ),
            ),
        ),
    )

    def stored_name(self, name: str) -> str:
        """Files that were not collected are sent under their own name, by the finders."""
        return str(self.hashed_files.get(self.hash_key(self.clean_name(name)), name))

    def create_compressor(self, **options: Any) -> Compressor:
        """gzip alone: with Brotli, Plotly is 67 of 395 KB smaller and takes 3.4 s of the start."""
        return Compressor(**options, use_brotli=False)


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]  # no stubs
    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        """In one piece: to stream a file, Django would change threads for every part of it."""
        answer = static_file.get_response(request.method, request.META)
        with answer.file or io.BytesIO() as file:
            body = file.read()
        return HttpResponse(body, status=int(answer.status), headers=dict(answer.headers))


def collect() -> bool:
    """Whether there was anything to do."""
    mark = Path(settings.STATIC_ROOT) / FINGERPRINT
    now = fingerprint()
    if mark.is_file() and mark.read_text() == now:
        return False
    mark.unlink(missing_ok=True)
    mark.parent.mkdir(parents=True, exist_ok=True)
    call_command(
        "collectstatic", interactive=False, verbosity=0, clear=True, ignore_patterns=NOT_SENT
    )
    mark.write_text(now)
    return True


def fingerprint() -> str:
    """Another one when a file, Django or this module has changed."""
    told = [f"{VERSION} {django.__version__}", *sorted(_files())]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _files() -> Iterator[str]:
    for finder in get_finders():
        for path, storage in finder.list(NOT_SENT):
            about = Path(storage.path(path)).stat()
            yield f"{path} {about.st_size} {about.st_mtime_ns}"
