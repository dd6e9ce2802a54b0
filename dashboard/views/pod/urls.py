"""The addresses of a pod. A context may be called by an ARN, with slashes and all."""

from __future__ import annotations

from django.urls import path

from dashboard.views.pod.files import log_file, yaml_file
from dashboard.views.pod.page import pod

urlpatterns = [
    path("<path:cluster>/p/<str:uid>", pod, name="pod"),
    path("<path:cluster>/p/<str:uid>/yaml", yaml_file, name="pod-yaml"),
    path("<path:cluster>/p/<str:uid>/log/<str:container>/<int:restart>", log_file, name="pod-log"),
]
