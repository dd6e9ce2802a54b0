"""What holds for every test. The pure ones load this too, where neither Django nor a server is installed."""

from __future__ import annotations

import gc

import pytest
from hypothesis import settings

# Whoever runs the pure tests waits for them. `make test` runs them a second time with all others, and with the default
# of 100 examples. Nothing is kept, and no example is late: the machine may be busy.
settings.register_profile("pure", max_examples=25, database=None, deadline=None)


def pytest_configure(config: pytest.Config) -> None:
    if config.inipath is not None and config.inipath.name == "pure.ini":
        settings.load_profile("pure")


def pytest_collection_finish() -> None:
    """What was imported and loaded by now stays: the garbage collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
