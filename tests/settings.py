"""The product's settings in a folder of their own: no test meets a real database, broker or cloud.

Each process makes its own folder, so parallel test workers share nothing. DATABASE_URL is kept only
for a PostgreSQL server (see tests/services/postgresql.py); else the database is a SQLite *file*,
because threads and processes share it.
"""

import os
import tempfile
from pathlib import Path

FOLDER = Path(tempfile.mkdtemp(prefix="costcontrol-test-"))
NOWHERE = "http://127.0.0.1:9"  # the discard port: refused at once

for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "STRIPE_SECRET_KEY", "DEBUG", "SECRET_KEY"):
    os.environ.pop(name, None)
if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
    os.environ.pop("DATABASE_URL", None)
os.environ.update(
    DATA_DIR=str(FOLDER),
    REDIS_URL=f"unix://{FOLDER / 'valkey.sock'}",
    OLLAMA_HOST=NOWHERE,
    ANTHROPIC_BASE_URL=NOWHERE,
    OPENAI_BASE_URL=NOWHERE,
    TOPIC_EMBEDDER="off",  # a test that wants one says so: loading one takes a second
)

from costcontrol.settings import *  # noqa: E402, F403
from costcontrol.settings import DATABASES, INSTALLED_APPS, STATIC_ROOT  # noqa: E402

INSTALLED_APPS = [*INSTALLED_APPS, "tests.emptying"]
if str(DATABASES["default"]["ENGINE"]).endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": str(FOLDER / "test.sqlite3")}
STATIC_ROOT.mkdir()
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast; tests only
# Looking through all folders of static files takes five times as long as what a client asks for.
WHITENOISE_USE_FINDERS = False
