"""Settings of the tests: the product's own, with nothing shared between runs and no Redis unless a test starts one."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

if "SICKBAY_DATA_DIR" not in os.environ:
    os.environ["SICKBAY_DATA_DIR"] = tempfile.mkdtemp(prefix="sickbay-tests-")
    atexit.register(shutil.rmtree, os.environ["SICKBAY_DATA_DIR"], ignore_errors=True)

from dashboard.settings import *  # noqa: F403

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # A file, as in production: a database in memory knows no waiting for another thread's transaction.
    DATABASES["default"]["TEST"] = {"NAME": str(ENVIRONMENT.data_dir / "test.sqlite3")}  # noqa: F405
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # Quick, and nothing is protected by it.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405 - nothing is collected here, but WhiteNoise looks
