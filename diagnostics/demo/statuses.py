"""Error answers: `Status` objects, worded as the API server and the kubelet word them.

Source: answers recorded from Kubernetes v1.36; apimachinery/pkg/api/errors.
"""

from __future__ import annotations

from http import HTTPStatus

from diagnostics.demo.resources import Json, Resource


class ApiError(Exception):
    """A request that is answered with a `Status` object."""

    def __init__(self, code: int, body: Json) -> None:
        super().__init__(body["message"])
        self.code = code
        self.body = body


def failure(code: int, reason: str, message: str, details: Json | None = None, continue_: str = "") -> ApiError:
    """An error with its body, the fields in the API server's order. A blank reason is left out, as it is there."""
    body: Json = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {"continue": continue_} if continue_ else {},
        "status": "Failure",
        "message": message,
    }
    if reason:
        body["reason"] = reason
    if details is not None:
        body["details"] = details
    return ApiError(code, {**body, "code": code})


def bad_request(message: str) -> ApiError:
    """400: a selector, token, number or container that makes no sense."""
    return failure(HTTPStatus.BAD_REQUEST, "BadRequest", message)


def unauthorized() -> ApiError:
    """401: no credentials, or wrong ones."""
    return failure(HTTPStatus.UNAUTHORIZED, "Unauthorized", "Unauthorized")


def not_found(resource: Resource, name: str) -> ApiError:
    """404 of one object; its details name group and resource."""
    details = {"name": name, **_details(resource)}
    return failure(HTTPStatus.NOT_FOUND, "NotFound", f'{resource.qualified} "{name}" not found', details)


def method_not_allowed() -> ApiError:
    """405: the demo cluster is read-only."""
    message = "the server does not allow this method on the requested resource"
    return failure(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", message, {})


def not_acceptable() -> ApiError:
    """406: the client wants none of the media types that are spoken here."""
    message = (
        "406: Not Acceptable\n\nAvailable representations: application/json, application/json;stream=watch, "
        "application/json;as=Table;v=v1;g=meta.k8s.io, application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    )
    return failure(HTTPStatus.NOT_ACCEPTABLE, "NotAcceptable", message, {})


def continue_expired(fresh_token: str) -> ApiError:
    """410 of a page whose snapshot is gone, with a token that goes on inconsistently."""
    message = (
        "The provided continue parameter is too old to display a consistent list result. You can start a new list "
        "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
        "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
        "modified, or deleted between the time the first chunk was returned and now may show up in the list."
    )
    return failure(HTTPStatus.GONE, "Expired", message, continue_=fresh_token)


def list_expired() -> ApiError:
    """410 of a list at an exact resource version that is gone."""
    return failure(HTTPStatus.GONE, "Expired", "The resourceVersion for the provided list is too old.")


def watch_expired(asked: int, oldest: int) -> ApiError:
    """410 of a watch; sent as an ERROR event in a 200 answer."""
    return failure(HTTPStatus.GONE, "Expired", f"too old resource version: {asked} ({oldest})")


def version_too_large(asked: int, current: int) -> ApiError:
    """504: the server has not seen that resource version yet."""
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    message = f"Timeout: Too large resource version: {asked}, current: {current}"
    return failure(HTTPStatus.GATEWAY_TIMEOUT, "Timeout", message, {"causes": [cause], "retryAfterSeconds": 1})


def forbidden(user: str, verb: str, resource: Resource, subresource: str, namespace: str, name: str) -> ApiError:
    """403 in RBAC's words, which name the grant that is missing."""
    subject = f'{resource.qualified} "{name}"' if name else resource.qualified
    wanted = f"{resource.plural}/{subresource}" if subresource else resource.plural
    scope = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    message = (
        f'{subject} is forbidden: User "{user}" cannot {verb} resource "{wanted}" '
        f'in API group "{resource.group}" {scope}'
    )
    details = {**({"name": name} if name else {}), **_details(resource)}
    return failure(HTTPStatus.FORBIDDEN, "Forbidden", message, details)


def path_forbidden(user: str, path: str) -> ApiError:
    """403 of a path that is no resource (`/readyz`)."""
    message = f'forbidden: User "{user}" cannot get path "{path}"'
    return failure(HTTPStatus.FORBIDDEN, "Forbidden", message, {})


def _details(resource: Resource) -> Json:
    return {**({"group": resource.group} if resource.group else {}), "kind": resource.plural}
