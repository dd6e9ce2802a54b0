"""Connections whose far end is looked at before anything is said to it.

A name that people typed may lead anywhere, and elsewhere a moment later. So it is not the name that is checked, nor what
it resolved to some time ago, but the address that a connection was really made to.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

# Called with an address and a port; raises ReadFailed if they must not be asked.
MayAsk = Callable[[str, int], None]


def guard(pool: urllib3.PoolManager, may_ask: MayAsk) -> None:
    """Has a pool make such connections alone. Where a proxy makes them, it is the proxy's business to refuse some."""
    if pool.proxy is not None:
        return

    class Connection(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _looked_at(super()._new_conn(), may_ask)

    class SecureConnection(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _looked_at(super()._new_conn(), may_ask)

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = SecureConnection

    pool.pool_classes_by_scheme = {"http": Pool, "https": SecurePool}


def _looked_at(connected: socket.socket, may_ask: MayAsk) -> socket.socket:
    try:
        address, port, *_ = connected.getpeername()
        may_ask(address, port)
    except BaseException:
        connected.close()
        raise
    return connected
