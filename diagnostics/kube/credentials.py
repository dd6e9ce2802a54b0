"""Sessions with an API server, opened through the official client: its tokens, certificates, TLS and proxies.

The only module that imports the client, and the only slow import of this package; `access` loads it when a cluster is
first opened. Nothing here touches the client's models or typed APIs.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import urllib3
from kubernetes.client import Configuration
from kubernetes.client.rest import RESTClientObject
from kubernetes.config import ConfigException
from kubernetes.config.incluster_config import InClusterConfigLoader
from kubernetes.config.kube_config import KubeConfigLoader

from diagnostics.kube import exec_plugin
from diagnostics.kube.errors import ConfigurationError
from diagnostics.kube.kubeconfig import DEFAULT_NAMESPACE, Context
from diagnostics.kube.refusals import quoted

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
# Credentials are renewed this long before they end, so that none ends on its way.
EARLY = timedelta(seconds=30)

CONNECTIONS = (
    64  # Kept open to one API server: a watch for each list that is followed, and logs that are read meanwhile.
)


@dataclass(frozen=True, slots=True)
class Session:
    """A pool of connections and the credentials that go with it.

    `authorization()` gives the header's present value, refreshed by the client where it knows how; `expires_at` is
    when the whole session must be opened anew, as far as is known.
    """

    server: str
    pool: urllib3.PoolManager
    authorization: Callable[[], str | None]
    expires_at: datetime | None = None

    def expired(self, now: datetime) -> bool:
        """Whether its credentials have ended, or are about to."""
        return self.expires_at is not None and now >= self.expires_at - EARLY


def from_context(context: Context, budget: float | None = None) -> Session:
    """Opens a session for a context of a kubeconfig; a plugin gets `budget` seconds at most.

    Raises ConfigurationError or, when the plugin fails, ReadFailed.
    """
    user, expires_at = _user(context, min(exec_plugin.LONGEST_RUN, budget or exec_plugin.LONGEST_RUN))
    entries = {
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "clusters": [{"name": "it", "cluster": context.cluster}],
        "users": [{"name": "it", "user": user}],
    }
    configuration = Configuration()
    try:
        # No persister: a refreshed token is never written back into a file that is the user's own.
        loader: Any = KubeConfigLoader  # It has no annotations.
        loader(entries, config_base_path="").load_and_set(configuration)
    except (ConfigException, OSError, ValueError) as error:
        raise ConfigurationError(f"The credentials of context {context.name!r} cannot be read: {error}.") from error
    return _session(configuration, expires_at)


def in_cluster() -> Session:
    """Opens a session as the service account of the pod that we run in. Raises ConfigurationError when there is none."""
    configuration = Configuration()
    try:
        # Not `load_incluster_config`: that reads from one fixed folder only.
        loader: Any = InClusterConfigLoader  # It has no annotations.
        loader(str(SERVICE_ACCOUNT / "token"), str(SERVICE_ACCOUNT / "ca.crt")).load_and_set(configuration)
    except (ConfigException, OSError) as error:
        raise ConfigurationError(f"The service account of this pod cannot be used: {error}.") from error
    return _session(configuration, None)


def own_namespace() -> str:
    """The namespace of the pod that we run in."""
    try:
        return (SERVICE_ACCOUNT / "namespace").read_text().strip() or DEFAULT_NAMESPACE
    except OSError:
        return DEFAULT_NAMESPACE


def _user(context: Context, plugin_timeout: float) -> tuple[dict[str, Any], datetime | None]:
    """The user's fields, with what the plugin issued in place of the plugin."""
    plugin = context.user.get("exec")
    if not plugin or "token" in context.user or "tokenFile" in context.user:  # A token goes before a plugin.
        return context.user, None
    issued = exec_plugin.issue(plugin, context.cluster, plugin_timeout)
    fields = {key: value for key, value in context.user.items() if key != "exec"}
    if issued.token:
        fields["token"] = issued.token
    if issued.client_certificate_data and issued.client_key_data:
        fields["client-certificate-data"] = base64.b64encode(issued.client_certificate_data.encode()).decode()
        fields["client-key-data"] = base64.b64encode(issued.client_key_data.encode()).decode()
    return fields, issued.expiration_timestamp


def _session(configuration: Any, expires_at: datetime | None) -> Session:
    configuration.connection_pool_maxsize = CONNECTIONS
    configuration.keep_alive = True  # Else a watch that a firewall drops silently looks quiet for ever.
    if not configuration.verify_ssl:  # The kubeconfig says so itself; a warning a request would only hide others.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    try:
        pool = RESTClientObject(configuration).pool_manager
    except (ValueError, ImportError) as error:  # A proxy's address that is none, or one that wants a missing library.
        raise ConfigurationError(f"The proxy {quoted(str(configuration.proxy))} cannot be used: {error}.") from error

    def authorization() -> str | None:
        try:
            header = configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
        except (ConfigException, OSError, ValueError) as error:
            raise ConfigurationError(f"The credentials cannot be refreshed: {error}.") from error
        return header.strip() if header else None

    return Session(configuration.host, pool, authorization, expires_at)
