"""One cluster's API server: GET and nothing else, as raw bytes, through the official client's authenticated pool."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from threading import Lock
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, Self

import urllib3
from urllib3.exceptions import HTTPError

from diagnostics.kube import kubeconfig as kubeconfigs
from diagnostics.kube import pasted, transport
from diagnostics.kube.answers import Response, Stream
from diagnostics.kube.errors import ConfigurationError, ReadFailed
from diagnostics.kube.guarded import MayAsk, guard
from diagnostics.kube.kubeconfig import ContextInfo
from diagnostics.kube.pacing import Pacing
from diagnostics.kube.refusals import Request, refusal

if TYPE_CHECKING:
    from diagnostics.kube.credentials import Session

JSON = "application/json"
IN_CLUSTER = "in-cluster"
# Seconds: for a GET with all its attempts, for a connection, and for the silence of a server in one attempt.
TIMEOUT, CONNECT, SILENCE = 60.0, 5.0, 30.0
NOTHING: Mapping[str, str] = MappingProxyType({})


class Access:
    """One cluster, as one user. Threads may share it; a forked process opens its own.

    `name` is the context's name or "in-cluster", `namespace` the context's default namespace. `budget` is the time in
    seconds for everything that is read through it, for one-shot commands; without it each read has its own.
    """

    def __init__(
        self,
        name: str,
        namespace: str,
        session: Session,
        renew: Callable[[], Session],
        *,
        budget: float | None = None,
        pacing: Pacing | None = None,
    ) -> None:
        self.name = name
        self.namespace = namespace
        self._session = session
        self._renew = renew
        self._lock = Lock()
        self._pacing = pacing or Pacing()
        self._ends = self.monotonic() + budget if budget is not None else None

    @property
    def server(self) -> str:
        """The API server's address."""
        return self._session.server

    @property
    def proxied(self) -> bool:
        """Whether a proxy makes the connections, and resolves the names."""
        return self._session.pool.proxy is not None

    def monotonic(self) -> float:
        """The clock, in seconds, that time-outs are measured with."""
        return self._pacing.monotonic()

    def get(
        self,
        path: str,
        params: Mapping[str, str] = NOTHING,
        *,
        accept: str = JSON,
        timeout: float = TIMEOUT,
        answers: tuple[int, ...] = (),
    ) -> Response:
        """GETs a path, in several attempts if need be, within `timeout` seconds in all.

        Statuses in `answers` are answers, as every 2xx is. Raises ReadFailed: at once for what trying again would not
        mend, else after the last attempt or when the time is used up.
        """
        request, deadline, attempt = Request(self.server, path, params), self._deadline(timeout), 1
        while True:
            try:
                with self._send(request, accept, deadline, answers) as stream:
                    return Response(stream.status, stream.read(), stream.date)
            except ReadFailed as failure:
                pause = self._pacing.pause(attempt, failure)
                if pause is None or self.monotonic() + pause >= deadline:
                    raise
            self._pacing.sleep(pause)
            attempt += 1

    def stream(self, path: str, params: Mapping[str, str] = NOTHING, *, timeout: float, accept: str = JSON) -> Stream:
        """Opens a GET whose answer is read while it arrives, in one attempt; `timeout` bounds it and every silence in it.

        Only its beginning has to come as soon as any other answer's. Raises ReadFailed for an answer that is no 2xx.
        """
        stream = self._send(Request(self.server, path, params), accept, self._deadline(timeout), ())
        stream.bear_silence(timeout)
        return stream

    def close(self) -> None:
        """Closes the idle connections; one in use closes when its reader is done."""
        self._session.pool.clear()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes it."""
        self.close()

    def _deadline(self, timeout: float) -> float:
        deadline = self.monotonic() + timeout
        return deadline if self._ends is None else min(deadline, self._ends)

    def _send(self, request: Request, accept: str, deadline: float, answers: tuple[int, ...]) -> Stream:
        """One attempt, or two where the first one's credentials are refused."""
        session = self._fresh_session()
        response = self._once(session, request, accept, deadline)
        if response.status == 401:
            Stream(request, response, lambda: False).close()
            response = self._once(self._renewed(session), request, accept, deadline)
        stream = Stream(request, response, lambda: self.monotonic() > deadline)
        if 200 <= response.status < 300 or response.status in answers:
            return stream
        with stream:
            raise refusal(request, response.status, response.headers, stream.read())

    def _once(self, session: Session, request: Request, accept: str, deadline: float) -> urllib3.BaseHTTPResponse:
        left = deadline - self.monotonic()
        if left <= 0:
            raise transport.no_time_left(request)
        headers = {"Accept": accept, "User-Agent": "sickbay"}
        if authorization := session.authorization():
            headers["Authorization"] = authorization
        try:
            return session.pool.request(
                "GET",
                session.server + request.path,
                fields=dict(request.params),
                headers=headers,
                timeout=urllib3.Timeout(connect=min(CONNECT, left), read=min(SILENCE, left)),
                retries=False,
                redirect=False,
                preload_content=False,
            )
        except HTTPError as error:
            raise transport.failure(request, error) from error
        except ValueError as error:  # From http.client, which does not quote the token either.
            raise ConfigurationError("The credentials hold characters that no header may hold.") from error

    def _fresh_session(self) -> Session:
        session = self._session
        return self._renewed(session) if session.expired(datetime.now(UTC)) else session

    def _renewed(self, stale: Session) -> Session:
        """A session with credentials read anew; only the first of several threads that find them stale reads them."""
        with self._lock:
            if self._session is stale:
                self._session = self._renew()
                stale.pool.clear()
            return self._session


def load(
    kubeconfig: str | None = None,
    context: str | None = None,
    *,
    budget: float | None = None,
    pacing: Pacing | None = None,
) -> Access:
    """Opens the cluster of a context: of the kubeconfig given, else $KUBECONFIG, else ~/.kube/config, else in-cluster.

    Makes no request, but may run the context's credential plugin. Raises ConfigurationError for what is missing or
    broken, ReadFailed when the plugin fails.
    """
    from diagnostics.kube import credentials  # noqa: PLC0415 - the official client: 0.2 s, only for who opens a cluster.

    if not kubeconfigs.files(kubeconfig):
        _require_pod(context)
        return Access(
            IN_CLUSTER,
            credentials.own_namespace(),
            credentials.in_cluster(),
            credentials.in_cluster,
            budget=budget,
            pacing=pacing,
        )

    def renew() -> Session:
        return credentials.from_context(_context(kubeconfig, context), budget)

    chosen = _context(kubeconfig, context)
    session = credentials.from_context(chosen, budget)
    return Access(chosen.name, chosen.namespace, session, renew, budget=budget, pacing=pacing)


def load_document(
    document: Mapping[str, Any], may_ask: MayAsk, *, budget: float | None = None, pacing: Pacing | None = None
) -> Access:
    """Opens the cluster of a kubeconfig that was pasted and cut down to one context (`pasted.minimal`).

    It connects only to addresses that `may_ask` has nothing against. Makes no request. Raises ConfigurationError.
    """
    from diagnostics.kube import credentials  # noqa: PLC0415 - as above

    context = pasted.context_of(document)

    def renew() -> Session:
        session = credentials.from_context(context, budget)
        guard(session.pool, may_ask)
        return session

    return Access(context.name, context.namespace, renew(), renew, budget=budget, pacing=pacing)


def _require_pod(context: str | None) -> None:
    """Raises ConfigurationError unless we run in a pod and no context is asked for."""
    if context:
        raise ConfigurationError(
            f"There is no kubeconfig, so no context {context!r}.", "Set --kubeconfig or KUBECONFIG."
        )
    if not os.environ.get("KUBERNETES_SERVICE_HOST"):
        raise ConfigurationError(
            "No cluster is configured: there is no ~/.kube/config, and this is no pod.",
            "Set --kubeconfig or KUBECONFIG.",
        )


def contexts(kubeconfig: str | None = None) -> tuple[ContextInfo, ...]:
    """The contexts of the kubeconfig that `load` would read; none in-cluster. Raises ConfigurationError."""
    return kubeconfigs.load(kubeconfigs.files(kubeconfig)).list()


def _context(kubeconfig: str | None, context: str | None) -> kubeconfigs.Context:
    return kubeconfigs.load(kubeconfigs.files(kubeconfig)).context(context)
