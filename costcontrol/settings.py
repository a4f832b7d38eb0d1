"""One settings file. Everything a deployment may change is an environment variable, read here.

HOST PORT DATA_DIR DATABASE_URL REDIS_URL OLLAMA_HOST OPENAI_BASE_URL ANTHROPIC_BASE_URL
OPENAI_API_KEY ANTHROPIC_API_KEY OPENAI_ADMIN_KEY ANTHROPIC_ADMIN_KEY SECRET_KEY ALLOWED_HOSTS DEBUG
STAFF_NEEDS_MFA SIGN_UP_OPEN PROXY_COUNT
KEEP_TEXT_DAYS STRIPE_SECRET_KEY STRIPE_WEBHOOK_SECRET STRIPE_API_BASE GRACE_DAYS
KRW_PER_USD
EMAIL_URL DEFAULT_FROM_EMAIL SITE_URL OVERAGE_MOST_USD USAGE_KEEP_MONTHS
API_ORIGINS DEBATE_TEXT_DAYS PRECOMPUTE_MONTHLY_USD PRECOMPUTE_POLL_S
PRECOMPUTE_REFRESH_HOURS
"""

import os
import secrets
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from costcontrol.lib import valkey
from costcontrol.supervisor import simulated_stripe

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.str("DATA_DIR", default="") or BASE_DIR / ".data").resolve()
DEMO = (DATA_DIR / "demo").is_file()  # `make demo` made this folder: every page and export says so
DEMO_STRIPE = ""  # the address of a demo's simulated Stripe
if DEMO:
    os.environ.setdefault("DEMO_KEY", "demo")  # what the simulated upstreams are sent
    DEMO_STRIPE = simulated_stripe.address(DATA_DIR, BASE_DIR)


def secret_key() -> str:
    """SECRET_KEY, or one that is made once and kept in the data folder."""
    if given := env.str("SECRET_KEY", default=""):
        return str(given)
    path = DATA_DIR / "secret_key"
    try:
        DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(50))
        return path.read_text()
    except OSError:
        return secrets.token_urlsafe(50)  # checks.py says that the folder cannot be written


def port() -> int:
    given = env.str("PORT", default="") or "8000"
    if given.isdecimal() and 0 < int(given) < 65536:
        return int(given)
    raise ImproperlyConfigured(f"PORT={given} is not a port: choose one of 1 to 65535.")


SECRET_KEY = secret_key()
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
PORT = port()
HOST = env.str("HOST", default="127.0.0.1")

INSTALLED_APPS = [
    "costcontrol.admin_app.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",  # its translations
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "accounts",
    "billing",
    "routing",
    "costcontrol",
]

# For people's pages. Calls to the gateway pass through none of it: see costcontrol/asgi.py.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "costcontrol.middleware.request_id",
    "costcontrol.middleware.content_security_policy",
    "corsheaders.middleware.CorsMiddleware",
    "costcontrol.static_files.StaticFiles",
    "django.middleware.gzip.GZipMiddleware",  # pads at random: secrets cannot be told from sizes
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "costcontrol.middleware.persons_language",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "costcontrol.middleware.DatabaseAway",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "costcontrol.urls"
ASGI_APPLICATION = "costcontrol.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "costcontrol.context.page",
            ]
        },
    }
]

# --- database -----------------------------------------------------------------------------
BACKENDS, SQLITE = "django.db.backends", "costcontrol.lib.sqlite3"
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
        "PRAGMA cache_size=-8000;"
    ),
}
# Nobody waits long for a server that is away, and the pool tries anew whenever it is asked.
POOL = {"min_size": 0, "max_size": 12, "timeout": 2, "reconnect_timeout": 1}
POSTGRESQL_OPTIONS = {"pool": POOL, "connect_timeout": 5}


def database() -> dict[str, Any]:
    url = env.str("DATABASE_URL", default="")
    if not url:
        path = DATA_DIR / "costcontrol.sqlite3"
        return {"ENGINE": SQLITE, "NAME": str(path), "OPTIONS": SQLITE_OPTIONS}
    if url.partition("://")[0] not in ("sqlite", "postgres", "postgresql"):
        raise ImproperlyConfigured(
            "DATABASE_URL is not understood: write postgresql://user:password@host:5432/name or "
            "sqlite:////path/to/file, or unset it to use SQLite in the data folder."
        )
    config: dict[str, Any] = env.db_url_config(url)
    is_sqlite = config["ENGINE"] == f"{BACKENDS}.sqlite3"
    usual = SQLITE_OPTIONS if is_sqlite else POSTGRESQL_OPTIONS
    options = {**usual, **config.get("OPTIONS", {})}
    if socket_folder := options.pop("host", ""):  # postgresql://user@/name?host=/run/postgresql
        config["HOST"] = socket_folder
    engine = {"ENGINE": SQLITE} if is_sqlite else {"CONN_HEALTH_CHECKS": True}
    return config | {"OPTIONS": options} | engine


DATABASES = {"default": database()}
DATABASE_THREADS = env.int("DATABASE_THREADS", default=0)  # 0: 1 for SQLite, 4 for PostgreSQL
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]

# --- signing in ---------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # says no to those who guess, before anybody is asked
    "allauth.account.auth_backends.AuthenticationBackend",
]
LOOPBACK = {"localhost", "127.0.0.1", "::1", "[::1]"}
IS_LOCAL_ONLY = {HOST, *ALLOWED_HOSTS} <= LOOPBACK  # nobody but this machine's users gets here
STAFF_NEEDS_MFA = env.bool("STAFF_NEEDS_MFA", default=not IS_LOCAL_ONLY)
SIGN_UP_OPEN = env.bool("SIGN_UP_OPEN", default=True)
# Behind so many proxies of your own, each of which adds to X-Forwarded-For; 0: the address that
# connects is the visitor's.
PROXY_COUNT = max(0, env.int("PROXY_COUNT", default=0))
PASSWORD_RESET_TIMEOUT = 24 * 3600

ACCOUNT_ADAPTER = "costcontrol.account.adapter.AccountAdapter"
ACCOUNT_FORMS = {"signup": "costcontrol.account.forms.SignUpForm"}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 3
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_MAX_EMAIL_ADDRESSES = 5
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # the password again before an address is changed
ACCOUNT_SESSION_REMEMBER = True
ALLAUTH_TRUSTED_PROXY_COUNT = PROXY_COUNT
MFA_ADAPTER = "costcontrol.account.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "costcontrol"
MFA_TOTP_TOLERANCE = 1  # clocks of phones may be half a minute off

AXES_FAILURE_LIMIT = 5  # the fifth wrong password closes the door for this address and visitor
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "costcontrol.account.lockout.locked_out"
AXES_CLIENT_IP_CALLABLE = "costcontrol.account.lockout.client_ip"
AXES_USERNAME_FORM_FIELD = "email"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # trying again does not make it longer
AXES_DISABLE_ACCESS_LOG = True  # who is signed in is in the list of sessions
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "login", "csrfmiddlewaretoken"]

# --- broker, cache, tasks -----------------------------------------------------------------
REDIS_URL = env.str("REDIS_URL", default="") or f"unix://{valkey.socket_path(DATA_DIR)}"
REDIS_TIMEOUT_S = 0.25

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")

# --- upstreams ----------------------------------------------------------------------------
ANTHROPIC_API_KEY = env.str("ANTHROPIC_API_KEY", default="")
ANTHROPIC_BASE_URL = env.str("ANTHROPIC_BASE_URL", default="https://api.anthropic.com")
OPENAI_API_KEY = env.str("OPENAI_API_KEY", default="")
OPENAI_BASE_URL = env.str("OPENAI_BASE_URL", default="https://api.openai.com/v1")
# Keys that may read what the whole account used: they are asked for its bill, never for an answer.
ANTHROPIC_ADMIN_KEY = "" if DEMO else str(env.str("ANTHROPIC_ADMIN_KEY", default="")).strip()
OPENAI_ADMIN_KEY = "" if DEMO else str(env.str("OPENAI_ADMIN_KEY", default="")).strip()
OLLAMA_HOST = env.str("OLLAMA_HOST", default="http://127.0.0.1:11434")
LOCAL_MODEL_FILE = DATA_DIR / "local-model.json"  # written by the embedded model's process

# --- payments -----------------------------------------------------------------------------
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")  # empty: nothing can be bought
# More than one, with commas between them, while the endpoint's secret is being changed.
STRIPE_WEBHOOK_SECRET = env.list("STRIPE_WEBHOOK_SECRET", default=[])
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="https://api.stripe.com").rstrip("/")
if DEMO:  # never with real money, whatever the environment says
    STRIPE_SECRET_KEY = simulated_stripe.KEY if DEMO_STRIPE else ""
    STRIPE_WEBHOOK_SECRET, STRIPE_API_BASE = [simulated_stripe.WEBHOOK_SECRET], DEMO_STRIPE
GRACE_DAYS = max(0, env.int("GRACE_DAYS", default=7))  # a plan stays so long after a failed payment
KRW_PER_USD = max(1, env.int("KRW_PER_USD", default=1400))  # for sums over currencies, only shown

# --- gateway ------------------------------------------------------------------------------
SNAPSHOT_SECONDS = env.float("SNAPSHOT_SECONDS", default=3.0)  # age of keys, tiers, policy, prices
# Age of a budget's reading that economy mode may be decided on.
GAUGE_SECONDS = env.float("GAUGE_SECONDS", default=1.0)
CACHE_TTL_S = env.int("CACHE_TTL_S", default=3600)
CACHE_MEMORY_BYTES = 16 * 1024 * 1024
CACHE_SHARED = env.bool("CACHE_SHARED", default=True)  # stored answers that others may be given
CACHE_BAD_RATINGS = max(1, env.int("CACHE_BAD_RATINGS", default=2))  # people who end an answer
# Who tells which topic a typed one means: builtin, e5, ollama:<model>, openai:<model>, off.
TOPIC_EMBEDDER = env.str("TOPIC_EMBEDDER", default="") or "builtin"
# What may be spent a month on answers that are made ahead; 0: precompute is off.
PRECOMPUTE_MONTHLY_USD = max(
    Decimal(0), Decimal(env.str("PRECOMPUTE_MONTHLY_USD", default="") or ("20" if DEMO else "0"))
)
PRECOMPUTE_POLL_S = max(1, env.int("PRECOMPUTE_POLL_S", default=15))  # how soon a batch is asked
# An old answer that is served for longer than that is made anew in a batch, else at once.
PRECOMPUTE_REFRESH_HOURS = max(24, env.int("PRECOMPUTE_REFRESH_HOURS", default=72))
# This share of debates goes the way of the baseline, to check what we say is saved; 0: none does.
HOLDOUT_PERCENT = min(100.0, max(0.0, env.float("HOLDOUT_PERCENT", default=0.0)))
# Of texts that were taken for a topic by likeness alone, staff judge this share; 0: none.
TOPIC_AUDIT_PERCENT = min(100.0, max(0.0, env.float("TOPIC_AUDIT_PERCENT", default=5.0)))
KEEP_TEXT_DAYS = max(0, env.int("KEEP_TEXT_DAYS", default=0))  # prompts and answers; 0: not kept
BODY_LIMIT_BYTES = 4 * 1024 * 1024
WEB_WORKERS = env.int("WEB_WORKERS", default=1)
DATA_UPLOAD_MAX_MEMORY_SIZE = BODY_LIMIT_BYTES

# --- email --------------------------------------------------------------------------------
EMAIL_URL = env.str("EMAIL_URL", default="") or "consolemail://"  # smtp+tls://user:password@host:587
vars().update(env.email_url_config(EMAIL_URL))
EMAIL_TIMEOUT = 10
# alerts may go to private addresses and without TLS: to try channels out on one's own machine
ALERTS_ALLOW_PRIVATE = env.bool("ALERTS_ALLOW_PRIVATE", default=False)
# what was over for less and comes back is the same trouble: neither "over" nor "again" is told
ALERTS_QUIET_MINUTES = max(0, env.int("ALERTS_QUIET_MINUTES", default=30))
ALERTS_KEEP_MONTHS = env.int("ALERTS_KEEP_MONTHS", default=13)  # once they are over; 0: for ever
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="costcontrol <costcontrol@localhost>")
SITE_URL = env.str("SITE_URL", default=f"http://{HOST}:{PORT}").rstrip("/")  # of links in emails

# --- beyond the plan ----------------------------------------------------------------------
OVERAGE_MOST_USD = env.int("OVERAGE_MOST_USD", default=1000)  # the highest ceiling, a month

# --- how long usage rows are kept -----------------------------------------------------------
USAGE_KEEP_MONTHS = env.int("USAGE_KEEP_MONTHS", default=0)  # whole months; 0: for ever

# --- pages --------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ko", "한국어")]
LOCALE_PATHS = [BASE_DIR / "costcontrol" / "locale"]
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "home"  # see costcontrol/account/adapter.py
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_ZONE = env.str("DEFAULT_ZONE", default="Asia/Seoul")  # where a budget's day begins
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "costcontrol.static_files.Storage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("SECURE_COOKIES", default=False)

# --- frontends at other addresses ---------------------------------------------------------
# Which pages elsewhere may call the API from a browser, "https://debates.example"; with a token of
# their user, never with our cookie.
API_ORIGINS = env.list("API_ORIGINS", default=[])
CORS_ALLOWED_ORIGINS = [origin.strip().rstrip("/") for origin in API_ORIGINS if origin.strip()]
CORS_URLS_REGEX = r"^/(api/)?v1/"
CORS_ALLOW_HEADERS = (
    "accept", "accept-language", "authorization", "cache-control", "content-type",
    "idempotency-key", "last-event-id", "x-api-key", "x-call-kind", "x-complexity", "x-debate-id",
    "x-language", "x-stage", "x-speaker", "x-parent-call", "x-uses-calls",
)
CORS_EXPOSE_HEADERS = (
    "content-disposition", "content-language", "retry-after", "x-cache", "x-complexity",
    "x-model", "x-model-class", "x-paid-from", "x-quota-limit", "x-quota-remaining",
    "x-quota-reset", "x-request-id", "x-route",
)
CORS_PREFLIGHT_MAX_AGE = 3600

# --- debates ------------------------------------------------------------------------------
# What users wrote into their debates themselves is deleted so many days after a debate began.
DEBATE_TEXT_DAYS = max(1, env.int("DEBATE_TEXT_DAYS", default=30))
# A turn that nobody watches any more is stopped after so many seconds.
DEBATE_GRACE_S = max(1.0, env.float("DEBATE_GRACE_S", default=30.0))
DEBATES_AT_ONCE = max(1, env.int("DEBATES_AT_ONCE", default=200))  # of one worker

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.drf.SessionAuthentication", "accounts.drf.ApiKeyAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "URL_FORMAT_OVERRIDE": None,  # `?format=` of an export is ours
    "EXCEPTION_HANDLER": "costcontrol.lib.problem_handler.problem_handler",
    "UNAUTHENTICATED_USER": None,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "costcontrol",
    "DESCRIPTION": "Answers a debate app's model calls for less, inside exact budgets.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": [],
    "SERVE_AUTHENTICATION": [],
    "ENUM_NAME_OVERRIDES": {
        "DebateStatusEnum": ["open", "paused", "finished", "cancelled"],
        "TurnStatusEnum": ["queued", "running", "completed", "cancelled", "failed"],
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "routing.api.schema.add_openai_paths",
        "routing.api.debates.schema_streams.add_streams",
    ],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        "django.request": {"level": "ERROR"},  # refusals are recorded, not logged
        "django.security.DisallowedHost": {"level": "CRITICAL"},  # strangers try made-up ones
        "axes": {"level": "ERROR"},  # wrong passwords are counted in the database
    },
    "root": {"handlers": ["stderr"], "level": os.environ.get("LOG_LEVEL", "WARNING")},
}
