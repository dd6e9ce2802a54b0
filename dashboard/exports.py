"""`/api/v1/export/diagnoses.ndjson` and `.csv`: every diagnosis that a filter leaves, streamed in constant memory.

Some rows are read in the request's thread, sent, and forgotten before the next are read: a reader that is slow holds
no more than these, one that goes away ends the reading.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from asgiref.sync import sync_to_async
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request

from dashboard.api.filters import DiagnosisFilter
from diagnostics.models import Diagnosis
from diagnostics.queries import exports, public
from diagnostics.rules.model import Severity

Rows = QuerySet[Diagnosis, Any]

# The columns of the CSV, in their order; new ones are added at the end.
COLUMNS: dict[str, Callable[[Diagnosis], object]] = {
    "number": lambda row: row.number,
    "id": lambda row: row.uuid,
    "url": lambda row: public.page(f"/d/{row.number}"),
    "state": lambda row: row.state,
    "severity": lambda row: Severity(row.severity).word,
    "confidence": lambda row: row.confidence,
    "code": lambda row: row.code,
    "cluster": lambda row: row.cluster.name,
    "namespace": lambda row: row.namespace,
    "workload_kind": lambda row: row.workload_kind,
    "workload_name": lambda row: row.workload_name,
    "container": lambda row: row.container,
    "summary": lambda row: row.summary,
    "pods_affected": lambda row: row.pods_affected,
    "pods_total": lambda row: row.pods_total,
    "restarts": lambda row: row.restarts,
    "occurrences": lambda row: row.occurrences_count,
    "first_seen": lambda row: public.time(row.first_seen),
    "last_seen": lambda row: public.time(row.last_seen),
    "opened_at": lambda row: public.time(row.opened_at),
    "resolved_at": lambda row: public.time(row.resolved_at),
    "assignee": lambda row: row.assignee.get_username() if row.assignee else None,
    "acknowledged_at": lambda row: public.time(row.acknowledged_at),
    "snoozed_until": lambda row: public.time(row.snoozed_until),
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # Spreadsheets compute what begins so (OWASP, "CSV Injection").


@dataclass(frozen=True, slots=True)
class Format:
    """How rows are written."""

    name: str
    media_type: str
    write: Callable[[Diagnosis], bytes]
    opening: bytes = b""
    unread: tuple[str, ...] = ()  # Columns that it does without.


class AsAddressed(BaseContentNegotiation):
    """The address says which format it is, whatever the request accepts; refusals are of the first renderer."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:  # noqa: ARG002
        """The first."""
        return renderers[0], renderers[0].media_type


class Export(GenericAPIView[Diagnosis]):
    """Diagnoses by number, each once; filters as of the list."""

    content_negotiation_class = AsAddressed
    filterset_class = DiagnosisFilter
    queryset = Diagnosis.objects.all()
    form: Format

    def answer(self, request: Request) -> StreamingHttpResponse:
        """The whole list; of it the head alone, where only that is asked for."""
        self._refuse_unknown(request)
        rows = self.get_queryset().none() if request.method == "HEAD" else self.filter_queryset(self.get_queryset())
        attachment = f'attachment; filename="diagnoses.{self.form.name}"'
        return StreamingHttpResponse(
            stream(rows, self.form),
            content_type=self.form.media_type,
            headers={"Content-Disposition": attachment, "Cache-Control": "no-store"},
        )

    def _refuse_unknown(self, request: Request) -> None:
        """A filter with a typing error would let everything through."""
        for name in request.query_params:
            if name not in self.filterset_class.base_filters:
                known = ", ".join(sorted(self.filterset_class.base_filters))
                raise ValidationError({name: [f"is no parameter here; there are: {known}"]})


async def stream(rows: Rows, form: Format) -> AsyncIterator[bytes]:
    """The rows as written, piece after piece."""
    pieces = exports.pieces(rows, form.write, form.unread)
    read = sync_to_async(lambda: next(pieces, None))
    piece: bytes | None = form.opening
    while piece is not None:
        yield piece
        piece = await read()


def json_line(row: Diagnosis) -> bytes:
    """A diagnosis as the API answers it, in one line."""
    return msgspec.json.encode(public.diagnosis(row)) + b"\n"


def csv_line(row: Diagnosis) -> bytes:
    """The columns of a diagnosis, in one record."""
    return _record(safe(value(row)) for value in COLUMNS.values())


def safe(value: object) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe goes before one that could be."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _record(cells: Any) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written).writerow(cells)
    return written.getvalue().encode()


NDJSON = Format("ndjson", "application/x-ndjson", json_line)
CSV = Format("csv", "text/csv; charset=utf-8", csv_line, opening=_record(COLUMNS), unread=("verdict",))


class NdjsonExport(Export):
    """One diagnosis a line, as `GET /diagnoses/{id}` answers it."""

    form = NDJSON

    @extend_schema(responses={(200, "application/x-ndjson"): OpenApiTypes.STR}, filters=True)
    def get(self, request: Request) -> StreamingHttpResponse:
        """All diagnoses that the filters leave, by number: one a line, as a list tells it."""
        return self.answer(request)


class CsvExport(Export):
    """One diagnosis a record, of a few columns."""

    form = CSV

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR}, filters=True)
    def get(self, request: Request) -> StreamingHttpResponse:
        """The same as a table of a few columns; a cell that could be taken for a formula begins with an apostrophe."""
        return self.answer(request)
