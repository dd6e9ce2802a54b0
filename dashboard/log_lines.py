"""Log records for those who collect them: as lines of JSON, and without what would let their readers in."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime

_LINK = re.compile(r"(/signin/)[^\s/?\"']+")


class WithoutLinks(logging.Filter):
    """Takes the tokens of one-time links out of paths: a form that is refused as forged has not spent its own."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Changes the record where it has such a path, and lets every one pass."""
        said = record.getMessage()
        if _LINK.search(said):
            record.msg, record.args = _LINK.sub(r"\1…", said), None
        return True


class WithRequestId(logging.Filter):
    """Adds the id of the request that a record is about: the one that people are shown when something broke."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Changes the record where it is about a request, and lets every one pass."""
        if request_id := getattr(getattr(record, "request", None), "META", {}).get("REQUEST_ID"):
            record.msg, record.args = f"{record.getMessage()} (request {request_id})", None
        return True


class JsonLine(logging.Formatter):
    """One JSON object a record: `time` (RFC 3339, UTC), `level`, `logger`, `message` and, if there is one, `exception`."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line, whatever its message holds."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
