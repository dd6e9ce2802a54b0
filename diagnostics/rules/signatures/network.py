"""Signatures of the network: ports, connections, names, certificates, limits."""

from __future__ import annotations

import re

from diagnostics.rules.signatures.endpoints import endpoint, port, resolved
from diagnostics.rules.signatures.signature import Signature, Weight

_DEPENDENCY = "crash-dependency"
_CHECK_PEER = (
    "Look at the other side first: is it running and ready, does the Service have endpoints, is this its port?"
)

SIGNATURES = (
    Signature(
        "port-in-use",
        re.compile(
            r"(?i)(?-i:\bEADDRINUSE\b)|address already in use|Only one usage of each socket address"
            r"|Port \d{1,5} (?:is|was) already in use|Web server failed to start\. Port"
        ),
        ("eaddrinuse", "already in use", "only one usage of each socket", "web server failed to start"),
        ("port {port} is already in use", "the port that it binds is already in use"),
        "Something else in the pod's network already listens on that port: another container, or a process that an "
        "earlier start left behind.",
        "Let each container of the pod listen on a port of its own, and let the process wait for its children.",
        "port-conflict-in-pod",
        names=port,
    ),
    Signature(
        "port-privileged",
        re.compile(
            r"(?i)(?=[ble])(?:(?:bind|listen)\S{0,40}.{0,60}permission denied"
            r"|(?-i:\bEACCES\b).{0,40}(?::80|:443|0\.0\.0\.0:\d{1,3})\b)"
        ),
        ("permission denied", "eacces"),
        ("the process may not bind port {port}", "the process may not bind its port"),
        "Ports below 1024 may only be bound by root or with the capability NET_BIND_SERVICE.",
        "Listen on a port above 1024 and let the Service map it, or add NET_BIND_SERVICE to the capabilities.",
        "crash-permission",
        names=port,
    ),
    Signature(
        "conn-refused",
        re.compile(
            r"(?i)(?-i:\bECONNREFUSED\b)|connection refused|connect(?:ion)? ?refused|could not connect to server"
            r"|actively refused|Connection to \S{1,253} refused|Error 111 connecting|Can't connect to \w+ server on"
            r"|Connection to node -?\d{1,9} .{0,300}could not be established"
        ),
        ("refused", "could not connect to server", "error 111 connecting", "can't connect to", "connection to node "),
        ("nothing accepts connections at {address}", "its connection is refused"),
        "The machine answered, but no process listens on that port: the dependency is down, not ready, or listens "
        "elsewhere.",
        _CHECK_PEER,
        _DEPENDENCY,
        names=endpoint,
    ),
    Signature(
        "conn-timeout",
        re.compile(
            r"(?i)(?-i:\bETIMEDOUT\b)|i/o timeout|connect(?:ion)? timed? ?out|ConnectTimeout|SocketTimeoutException"
            r"|context deadline exceeded"
        ),
        ("etimedout", "i/o timeout", "timed out", "timeout", "deadline exceeded"),
        ("{address} does not answer in time", "a call to a dependency timed out"),
        "No answer came in time: the dependency is overloaded or stuck, or a NetworkPolicy or firewall drops the "
        "packets.",
        "Check the dependency's load and health, then the NetworkPolicies of both namespaces.",
        _DEPENDENCY,
        Weight.LOOSE,
        names=endpoint,
    ),
    Signature(
        "conn-reset",
        re.compile(r"(?i)(?-i:\bECONNRESET\b)|connection reset by peer|broken pipe|(?-i:\bEPIPE\b)|unexpected EOF"),
        ("econnreset", "reset by peer", "broken pipe", "epipe", "unexpected eof"),
        ("{address} closed the connection", "the other side closed the connection"),
        "The peer closed the connection while it was in use: it restarted, was rolled out, or an idle timeout struck.",
        "Look for restarts of the peer at that moment; let the client reconnect instead of exiting.",
        _DEPENDENCY,
        Weight.LOOSE,
        names=endpoint,
    ),
    Signature(
        "no-route",
        re.compile(r"(?i)(?-i:\bEHOSTUNREACH\b)|(?-i:\bENETUNREACH\b)|no route to host|network is unreachable"),
        ("ehostunreach", "enetunreach", "no route to host", "network is unreachable"),
        ("there is no route to {address}", "there is no route to the host"),
        "The packets have no way to that address: a pod that is gone, a broken network plugin, or egress that is "
        "closed.",
        "Check that the address still exists, and the network plugin and routes of the node.",
        _DEPENDENCY,
        names=endpoint,
    ),
    Signature(
        "dns-nxdomain",
        re.compile(
            r"(?i)(?-i:\bENOTFOUND\b)|no such host|Name or service not known|NXDOMAIN|getaddrinfo failed"
            r"|(?:UnknownHostException|could not translate host name)(?!.{0,300}Temporary failure)"
            r"|nodename nor servname|could not resolve host"
        ),
        (
            "enotfound",
            "no such host",
            "name or service not known",
            "nxdomain",
            "unknownhostexception",
            "getaddrinfo failed",
            "could not translate host name",
            "nodename nor servname",
            "could not resolve host",
        ),
        ("the name {host} does not resolve", "a host name does not resolve"),
        "No such name exists: the Service is missing, has another name or is in another namespace, or the name is "
        "misspelt.",
        "Compare the name with the Services of the namespace it should be in; across namespaces write "
        "service.namespace.",
        _DEPENDENCY,
        names=resolved,
    ),
    Signature(
        "dns-temporary",
        re.compile(
            r"(?i)(?-i:\bEAI_AGAIN\b)|Temporary failure in name resolution|server misbehaving|SERVFAIL"
            r"|lookup .{1,80} on .{1,40}:53: (?!no such host)"
        ),
        ("eai_again", "temporary failure in name resolution", "server misbehaving", "servfail", ":53: "),
        ("the DNS server could not answer for {host}", "the DNS server could not answer"),
        "The cluster's DNS did not answer or answered with an error; the name itself may be right.",
        "Check CoreDNS (pods, log, load) and whether a NetworkPolicy lets port 53 through.",
        _DEPENDENCY,
        names=resolved,
    ),
    Signature(
        "dns-timeout",
        re.compile(r"(?i)(?=[ldr])(?:lookup .{1,80}: i/o timeout|DNS.{0,30}timed? ?out|resolver.{0,30}timeout)"),
        ("i/o timeout", "timed out", "timeout", "time out"),
        ("the lookup of {host} timed out", "a DNS lookup timed out"),
        "The question to the cluster's DNS was lost: a NetworkPolicy on port 53, an overloaded CoreDNS, or dropped "
        "packets on the node.",
        "Check that UDP and TCP 53 to kube-dns are allowed, and the load of CoreDNS.",
        _DEPENDENCY,
        names=resolved,
    ),
    Signature(
        "tls-expired",
        re.compile(r"(?i)certificate has expired|cert(?:ificate)?_?has_?expired|NotAfter|not yet valid"),
        ("expired", "notafter", "not yet valid"),
        ("the certificate of {address} has expired", "a certificate has expired or is not yet valid"),
        "The certificate's time is over, or the clock of one side is wrong.",
        "Renew the certificate; compare the clocks if it looks valid.",
        _DEPENDENCY,
        names=endpoint,
    ),
    Signature(
        "tls-unknown-ca",
        re.compile(
            r"(?i)signed by unknown authority|unable to get local issuer|self[- ]signed certificate"
            r"|PKIX path building failed|CERTIFICATE_VERIFY_FAILED|UNABLE_TO_VERIFY_LEAF"
        ),
        (
            "unknown authority",
            "local issuer",
            "signed certificate",
            "pkix path building failed",
            "certificate_verify_failed",
            "unable_to_verify_leaf",
        ),
        ("the certificate of {address} is not trusted", "a certificate is not trusted"),
        "The authority that signed the peer's certificate is not among those that the image trusts.",
        "Mount the authority's certificate and point the program at it.",
        _DEPENDENCY,
        names=endpoint,
    ),
    Signature(
        "tls-name",
        re.compile(
            r"(?i)certificate is (?:not )?valid for|doesn't match any of the subject alternative|hostname mismatch"
            r"|ERR_TLS_CERT_ALTNAME|No subject alternative"
        ),
        ("valid for", "subject alternative", "hostname mismatch", "err_tls_cert_altname"),
        ("the certificate of {address} is for another name", "a certificate is for another name"),
        "The peer's certificate does not name the host that the program asked for.",
        "Use a name that the certificate holds, or issue one that holds this name.",
        _DEPENDENCY,
        names=endpoint,
    ),
    Signature(
        "tls-protocol",
        re.compile(
            r"(?i)WRONG_VERSION_NUMBER|first record does not look like a TLS handshake|unsupported protocol"
            r"|handshake[_ ]failure|server gave HTTP response to HTTPS client|plain HTTP request was sent to HTTPS"
        ),
        (
            "wrong_version_number",
            "look like a tls handshake",
            "unsupported protocol",
            "handshake_failure",
            "handshake failure",
            "http response to https",
            "plain http request",
        ),
        ("{address} does not speak the TLS that is expected", "one side speaks TLS and the other does not"),
        "One side speaks plain text and the other TLS, or they share no version: http for https, or a service mesh "
        "on one side only.",
        "Compare scheme and port with what the peer serves; in a mesh align the mTLS mode of both sides.",
        _DEPENDENCY,
        names=endpoint,
    ),
    Signature(
        "rate-limit",
        re.compile(
            r"(?i)429 Too Many Requests|rate[- ]?limit(?:ed| exceeded)|ThrottlingException|Too many requests|quota exceeded"
        ),
        ("too many requests", "rate limit", "rate-limit", "ratelimit", "throttlingexception", "quota exceeded"),
        ("{address} limits its requests", "a service limits its requests"),
        "The service upstream refuses more requests for now; restarting only adds to them.",
        "Back off instead of exiting; ask for a higher limit or send fewer requests.",
        _DEPENDENCY,
        names=endpoint,
    ),
)
