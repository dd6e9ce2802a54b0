"""Django's settings. What may differ between two installations comes from the environment, through `environment`."""

from __future__ import annotations

import os
import ssl
from typing import Any

from csp.constants import NONE, SELF

from dashboard.api.settings import REST_FRAMEWORK, SPECTACULAR_SETTINGS  # noqa: F401 - Django reads them here.
from dashboard.environment import PROJECT, read_or_exit

ENVIRONMENT = read_or_exit(os.environ)
ENCRYPTED = ENVIRONMENT.base_url.startswith("https://")

# Never on, not even on a laptop: its error pages show settings and local variables.
DEBUG = False
DATA_DIR = ENVIRONMENT.data_dir
SECRET_KEY = ENVIRONMENT.secret_key
FIELD_ENCRYPTION_KEYS = ENVIRONMENT.encryption_keys
ALLOWED_HOSTS = ENVIRONMENT.allowed_hosts

# ---- What is watched -------------------------------------------------------------------------------------------------
KUBECONFIG = ENVIRONMENT.kubeconfig
SICKBAY_CLUSTERS = ENVIRONMENT.clusters
SICKBAY_NAMESPACES = ENVIRONMENT.namespaces
SICKBAY_RECONCILE_SECONDS = ENVIRONMENT.reconcile_seconds
SICKBAY_RETENTION_DAYS = ENVIRONMENT.retention_days
DEMO = bool(ENVIRONMENT.demo)
CLUSTERS_ON_LOOPBACK = ENVIRONMENT.embedded or DEMO  # Whether a pasted kubeconfig may lead to this machine.
OUTBOUND_ALLOW_CIDRS = ENVIRONMENT.outbound_allow_cidrs
METRICS_ALLOW_CIDRS = ENVIRONMENT.metrics_allow_cidrs

# ---- Apps and requests -----------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "diagnostics",
    "dashboard",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "csp",
]
MIDDLEWARE = [
    "dashboard.request_ids.RequestIdMiddleware",
    "dashboard.health.HealthMiddleware",  # Before all that refuses: probes come with any Host header and without TLS.
    "django.middleware.security.SecurityMiddleware",
    "dashboard.static_files.StaticFilesMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "dashboard.zones.ReadersZoneMiddleware",
    "dashboard.views.errors.WrongMethodMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "dashboard.urls"
ASGI_APPLICATION = "dashboard.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PROJECT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
AUTHENTICATION_BACKENDS = ["dashboard.roles.Accounts"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = True
LANGUAGES = [("en", "English")]  # Those that are whole in `locale`: of any other a page would be half in English.
LOCALE_PATHS = [PROJECT / "locale"]

# ---- Addresses -------------------------------------------------------------------------------------------------------
BASE_URL = ENVIRONMENT.base_url
BASE_PATH = ENVIRONMENT.base_path
FORCE_SCRIPT_NAME = BASE_PATH or None
LOGIN_URL = f"{BASE_PATH}/signin"
LOGIN_REDIRECT_URL = f"{BASE_PATH}/"

# ---- Stores ----------------------------------------------------------------------------------------------------------
DATABASES = {"default": ENVIRONMENT.database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": ENVIRONMENT.redis.for_cache(),
        "KEY_PREFIX": "sickbay",
    },
}
QUEUES_URL = ENVIRONMENT.redis.for_queues()
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {
            "hosts": [ENVIRONMENT.redis.for_channels()],
            "prefix": "sickbay",
            "capacity": 500,  # Messages a channel; what is dropped above it heals by sequence number.
            "expiry": 10,  # Seconds.
            "group_expiry": 3600,
        },
    },
}

# ---- Mail ------------------------------------------------------------------------------------------------------------
EMAIL_HOST, EMAIL_PORT = ENVIRONMENT.mail_server.host, ENVIRONMENT.mail_server.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = ENVIRONMENT.mail_server.user, ENVIRONMENT.mail_server.password
EMAIL_USE_TLS, EMAIL_USE_SSL = ENVIRONMENT.mail_server.tls, ENVIRONMENT.mail_server.ssl
EMAIL_TIMEOUT = 15  # Seconds, for each step.
DEFAULT_FROM_EMAIL = ENVIRONMENT.mail_from

# ---- Static files ----------------------------------------------------------------------------------------------------
STATIC_URL = f"{BASE_PATH}/static/"  # Whole: a relative one is completed before ASGI knows the base path.
STATICFILES_DIRS = [PROJECT / "static"]
STATIC_ROOT = ENVIRONMENT.data_dir / "static" if ENVIRONMENT.embedded else PROJECT / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MAX_AGE = 60  # Seconds, of names without a hash; hashed names are immutable.

# ---- Safety in the browser -------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_NAME = "sickbay_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = BASE_PATH or "/"
CSRF_COOKIE_NAME = "sickbay_csrf"
CSRF_FAILURE_VIEW = "dashboard.views.errors.forged"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [BASE_URL]
# A base URL with https says that people come over TLS, whoever ends it; the scheme itself is told by uvicorn, which
# believes X-Forwarded-Proto only from FORWARDED_ALLOW_IPS.
SECURE_SSL_REDIRECT = ENCRYPTED
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENCRYPTED
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if ENCRYPTED else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = False  # Other names below ours are not ours to speak for.
SECURE_HSTS_PRELOAD = False
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS for subdomains, and
    "security.W021",  # preloading: both bind hosts that are not this product.
]

# ---- Celery ----------------------------------------------------------------------------------------------------------
CELERY: dict[str, Any] = {
    "broker_url": ENVIRONMENT.redis.for_celery(),
    "broker_use_ssl": {"ssl_cert_reqs": ssl.CERT_REQUIRED} if ENVIRONMENT.redis.tls else None,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,  # For ever: Redis comes back sooner or later.
    # A task unacknowledged for so long is given to another worker: what is acknowledged late has to end well within it.
    "broker_transport_options": {"visibility_timeout": 600, "socket_keepalive": True},
    "accept_content": ["json"],
    "task_serializer": "json",
    "task_ignore_result": True,
    "task_default_queue": "rest",
    "task_routes": {"diagnostics.follow": {"queue": "watch"}},
    "task_soft_time_limit": 240,  # Seconds, and
    "task_time_limit": 300,
    "worker_prefetch_multiplier": 1,
    "worker_max_tasks_per_child": 500,
    "worker_max_memory_per_child": 300_000,  # kB: a leak ends here, between two tasks.
    "worker_cancel_long_running_tasks_on_connection_loss": True,
    # How long a worker that is told to hurry (SIGQUIT) lets its tasks finish; what is cut off runs again.
    "worker_soft_shutdown_timeout": 10,
    "worker_hijack_root_logger": False,
    "timezone": "UTC",
    "beat_scheduler": "celery.beat:Scheduler",  # In memory: entries so frequent need no file of when they last ran.
    "beat_schedule": {
        "tick": {"task": "diagnostics.tick", "schedule": 5.0, "options": {"queue": "rest", "expires": 5}},
        "announce": {"task": "diagnostics.announce", "schedule": 5.0, "options": {"queue": "rest", "expires": 5}},
        "deliver": {"task": "diagnostics.deliver", "schedule": 2.0, "options": {"queue": "rest", "expires": 2}},
        "prune": {"task": "diagnostics.prune", "schedule": 3600.0, "options": {"queue": "rest", "expires": 3600}},
    },
}

# ---- Logs: to standard error, where whoever started the process collects them -----------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    # Every probe of a start that is not ready yet would be an error; `health` logs what lies behind it.
    "filters": {
        "no_probes": {
            "()": "django.utils.log.CallbackFilter",
            "callback": lambda record: getattr(getattr(record, "request", None), "path_info", "") != "/readyz",
        },
        "no_links": {"()": "dashboard.log_lines.WithoutLinks"},
        "request_id": {"()": "dashboard.log_lines.WithRequestId"},
    },
    "formatters": {
        "text": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
        "json": {"()": "dashboard.log_lines.JsonLine"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": ENVIRONMENT.log_format,
            "filters": ["no_probes", "no_links", "request_id"],
        }
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "diagnostics": {"level": "INFO"},
        "dashboard": {"level": "INFO"},
        "uvicorn": {"handlers": [], "propagate": True},  # In place of its own format.
    },
}
