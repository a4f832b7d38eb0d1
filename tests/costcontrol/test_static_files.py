"""What is sent beside the pages: collected once, kept by browsers for good, small."""

import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings

from costcontrol import static_files
from costcontrol.templatetags.vendored import integrity

OURS = Path(settings.BASE_DIR) / "costcontrol" / "static"
VENDOR = OURS / "vendor"
LISTED = json.loads((VENDOR / "vendor.json").read_text())["files"]
FIRST_VISIT = 600_000
BIG = "a { color: #123456 }\n" * 200


@pytest.fixture
def root(tmp_path: Path) -> Any:
    """One folder of sources, one of what is sent, and the product's own storage."""
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "page.css").write_text(BIG + "body { background: url(dot.svg) }")
    (tmp_path / "from" / "dot.svg").write_text("<svg/>")
    (tmp_path / "from" / "page.css.map").write_text("{}")
    (tmp_path / "from" / "play-all.js").write_text('import { a } from "./play-a.js";')
    (tmp_path / "from" / "play-a.js").write_text("export const a = 1;")
    storages = {"staticfiles": {"BACKEND": "costcontrol.static_files.Storage"}}
    with override_settings(
        STATIC_ROOT=tmp_path / "to",
        STATICFILES_DIRS=[tmp_path / "from"],
        WHITENOISE_USE_FINDERS=True,
        STATICFILES_FINDERS=["django.contrib.staticfiles.finders.FileSystemFinder"],
        STORAGES=settings.STORAGES | storages,
    ):
        yield tmp_path


def sent(path: str, **headers: str) -> HttpResponse:
    handler = static_files.StaticFiles(lambda request: HttpResponse(status=404))
    return handler(RequestFactory().get(path, headers=headers))


def test_files_are_named_after_their_content_and_compressed(root: Path) -> None:
    assert static_files.collect()
    url = staticfiles_storage.url("page.css")
    assert re.fullmatch(r"/static/page\.[0-9a-f]{12}\.css", url)
    body = gzip.decompress((root / "to" / f"{Path(url).name}.gz").read_bytes()).decode()
    assert re.search(r"url\(\"?dot\.[0-9a-f]{12}\.svg\"?\)", body)
    assert not list((root / "to").glob("*.map"))


def test_modules_of_ours_are_imported_by_the_names_that_are_sent(root: Path) -> None:
    static_files.collect()
    name = Path(staticfiles_storage.url("play-all.js")).name
    body = (root / "to" / name).read_text()
    assert re.fullmatch(r'import \{ a \} from "\./play-a\.[0-9a-f]{12}\.js";', body)


def test_nothing_is_done_when_nothing_changed(root: Path) -> None:
    assert static_files.collect()
    assert not static_files.collect()


def test_changed_file_gets_a_new_name_and_the_old_one_goes(root: Path) -> None:
    static_files.collect()
    (root / "from" / "page.css").write_text(BIG + "b {}")
    assert static_files.collect()
    assert len(list((root / "to").glob("page.*.css"))) == 1


def test_start_that_was_interrupted_is_made_up_for(root: Path) -> None:
    static_files.collect()
    (root / "to" / static_files.FINGERPRINT).unlink()
    assert static_files.collect()


def test_named_files_are_kept_for_good_and_others_are_not(root: Path) -> None:
    static_files.collect()
    named = sent(staticfiles_storage.url("page.css"), accept_encoding="gzip")
    assert named["Cache-Control"] == "max-age=315360000, public, immutable"
    assert named["Content-Encoding"] == "gzip"
    assert int(named["Content-Length"]) == len(named.content)
    assert sent("/static/page.css")["Cache-Control"] == "max-age=60, public"
    assert sent("/static/none.css").status_code == 404


def test_uncollected_file_is_sent_under_its_own_name(root: Path) -> None:
    assert staticfiles_storage.url("page.css") == "/static/page.css"


@pytest.mark.parametrize("entry", LISTED, ids=lambda entry: entry["file"])
def test_vendored_file_is_the_published_one(entry: dict[str, Any]) -> None:
    script = (VENDOR / entry["file"]).read_bytes()
    assert hashlib.sha256(script).hexdigest() == entry["sha256"]
    for published, ours in entry.get("replaced", []):
        assert script.count(ours.encode()) == 1
        script = script.replace(ours.encode(), published.encode())
    published_hash = entry.get("published_sha256", entry["sha256"])
    assert hashlib.sha256(script).hexdigest() == published_hash
    assert (VENDOR / entry["licence_file"]).read_text().strip()
    assert entry["version"]


def test_every_vendored_file_is_listed() -> None:
    files = {path.name for path in VENDOR.iterdir() if path.is_file()} - {"vendor.json"}
    assert files == {entry["file"] for entry in LISTED}


def test_script_that_is_not_listed_cannot_be_used() -> None:
    with pytest.raises(StopIteration):
        integrity("unknown.js")


def test_charts_are_drawn_by_the_plotly_that_makes_them() -> None:
    from plotly.offline import get_plotlyjs_version

    versions = {entry["version"] for entry in LISTED if entry["name"].startswith("plotly")}
    assert versions == {get_plotlyjs_version()}


@pytest.mark.django_db
def test_pages_are_sent_compressed(client: Client) -> None:
    page = client.get("/", headers={"accept-encoding": "gzip"})
    assert page["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in page["Vary"]
    assert b"costcontrol" in gzip.decompress(page.content)


def test_first_visit_of_a_page_with_charts_is_small() -> None:
    files = [OURS / "costcontrol.css", OURS / "costcontrol.js", *VENDOR.glob("*.*s")]
    assert len(files) == 6
    assert sum(len(gzip.compress(path.read_bytes(), 9)) for path in files) < FIRST_VISIT
