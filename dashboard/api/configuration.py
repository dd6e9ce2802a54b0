"""What can be added, read, changed and removed by an administrator: the same five views for each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from django.http import HttpResponse
from rest_framework import status
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api.etags import expected_version, tagged
from dashboard.api.inputs import Input, read
from dashboard.api.views import ViewSet


class Configuration(ListModelMixin, ViewSet, ABC):
    """Subclasses say what is done (`_create`, `_change`, `_remove`) and what a body may hold."""

    creating: type[Input]
    changing: type[Input]

    def retrieve(self, request: Request, **_: Any) -> HttpResponse:
        """One of them."""
        return self._told(request, self.get_object())

    def create(self, request: Request, **_: Any) -> HttpResponse:
        """A new one."""
        row = self._create(request, read(self.creating, request))
        return self._told(request, row, status.HTTP_201_CREATED)

    def partial_update(self, request: Request, **_: Any) -> HttpResponse:
        """Changes what is given, and nothing else."""
        changes = read(self.changing, request, partial=True)
        return self._told(request, self._change(changes, self._version(request)))

    def destroy(self, request: Request, **_: Any) -> Response:
        """Removes it."""
        self._remove(self._version(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @abstractmethod
    def _create(self, request: Request, values: dict[str, Any]) -> Any: ...

    @abstractmethod
    def _change(self, changes: dict[str, Any], version: int | None) -> Any: ...

    @abstractmethod
    def _remove(self, version: int | None) -> None: ...

    def _version(self, request: Request) -> int | None:
        return expected_version(request, self.kwargs["id"])

    def _told(self, request: Request, row: Any, code: int = status.HTTP_200_OK) -> HttpResponse:
        return tagged(request, Response(self.get_serializer(row).data, status=code), row.uuid, row.version)
