"""Signatures of the services a program depends on: databases, brokers, clouds, the Kubernetes API."""

from __future__ import annotations

import re

from diagnostics.rules.signatures.signature import Signature, Weight

_DEPENDENCY = "crash-dependency"
_UNKNOWN = "crash-app-unknown"
_CREDENTIALS = "Compare user, password and database name with the Secret that the container reads; was one rotated?"

SIGNATURES = (
    Signature(
        "auth-db-postgres",
        re.compile(
            r"""(?i)(?=[prnd])(?:password authentication failed for user "?(?P<user>[\w.@\-]{1,63})?"""
            r"""|role ".{1,63}?" does not exist|no pg_hba\.conf entry|database "(?P<name>.{1,63}?)" does not exist)"""
        ),
        ("password authentication failed", "does not exist", "pg_hba.conf"),
        (
            "PostgreSQL refuses the password of user {user}",
            "PostgreSQL has no database {name}",
            "PostgreSQL refuses the login",
        ),
        "The database answers, but not to this user, password or database name.",
        _CREDENTIALS,
        _DEPENDENCY,
    ),
    Signature(
        "auth-db-mysql",
        re.compile(
            r"(?i)Access denied for user '(?P<user>[^']{0,80})|Unknown database '(?P<name>[^']{1,64})|ER_ACCESS_DENIED"
            r"|Host '.{1,253}?' is not allowed to connect"
        ),
        ("access denied for user", "unknown database", "er_access_denied", "is not allowed to connect"),
        ("MySQL denies access to user {user}", "MySQL has no database {name}", "MySQL refuses the login"),
        "The database answers, but not to this user, password or database name.",
        _CREDENTIALS,
        _DEPENDENCY,
    ),
    Signature(
        "auth-db-mongo",
        re.compile(
            r"(?i)MongoServerError: Authentication failed|not authori[sz]ed on .{1,64} to execute"
            r"|MongoServerSelectionError|ReplicaSetNoPrimary"
        ),
        ("mongoservererror", "to execute", "mongoserverselectionerror", "replicasetnoprimary"),
        ("MongoDB refuses the login or has no primary",),
        "MongoDB cannot serve this client: wrong credentials, or no member of the replica set is primary.",
        "Check the credentials first, then rs.status() on a member.",
        _DEPENDENCY,
    ),
    Signature(
        "auth-redis",
        re.compile(
            r"(?i)NOAUTH Authentication required|WRONGPASS|READONLY You can't write against a read only"
            r"|LOADING Redis is loading|CLUSTERDOWN"
        ),
        ("noauth", "wrongpass", "readonly you can't write", "loading redis", "clusterdown"),
        ("Redis refuses the client",),
        "Redis answers but does not serve: a missing or wrong password, a read-only replica, or a cluster that is "
        "down.",
        "Check the password in the Secret, and whether the Service points at the primary.",
        _DEPENDENCY,
    ),
    Signature(
        "auth-amqp-kafka",
        re.compile(
            r"(?i)ACCESS_REFUSED|SaslAuthenticationException|NOT_LEADER_(?:FOR|OR)|LEADER_NOT_AVAILABLE"
            r"|TopicAuthorizationException|Broker.{0,30}not available|out of available brokers"
            r"|UNKNOWN_TOPIC_OR_PARTITION"
        ),
        ("access_refused", "saslauth", "not_leader_", "leader_not_available", "topicauth", "broker", "unknown_topic"),
        ("the message broker does not serve it",),
        "The message broker cannot be used: no broker can be reached, it refuses the login, or the topic has no "
        "leader.",
        "Check the brokers' pods, then the credentials and the topic.",
        _DEPENDENCY,
    ),
    Signature(
        "auth-http",
        re.compile(
            r"(?i)\b(?:401 Unauthorized|403 Forbidden|(?:returned|status(?: code)?:?|HTTP/\d(?:\.\d)?) 40[13]\b"
            r"|invalid[_ ](?:(?:\w{1,20}[_ ])?key|token|client|grant)\b|token (?:is )?expired|jwt expired"
            r"|SignatureDoesNotMatch)"
        ),
        (
            "401",
            "403",
            "invalid",
            "expired",
            "signaturedoesnotmatch",
        ),
        ("a service upstream refuses its credentials",),
        "The service upstream answered, and refused the key or token that the program sent.",
        "Renew the key or token in the Secret that the container reads.",
        _DEPENDENCY,
    ),
    Signature(
        "auth-k8s-rbac",
        re.compile(
            r'(?i)is forbidden: User "system:serviceaccount:(?P<namespace>[^:"]{1,63}):(?P<account>[^"]{1,253})" '
            r'cannot (?P<verb>\w{1,30}) resource "(?P<resource>[^"]{1,253})"'
            r'(?: in API group "[^"]{0,253}")?(?: in the namespace "(?P<target>[^"]{1,63})")?'
        ),
        ('is forbidden: user "system:serviceaccount:',),
        ("service account {account} may not {verb} {resource}",),
        "The Kubernetes API refuses the request: no Role or ClusterRole bound to the service account allows it.",
        "Bind a Role with that verb on that resource to the service account.",
        "crash-rbac",
    ),
    Signature(
        "auth-cloud",
        re.compile(
            r"(?i)AccessDenied.{0,80}(?:AssumeRole|sts)|NoCredentialProviders|Unable to locate credentials"
            r"|WebIdentityErr|could not find default credentials|AADSTS\d+|ManagedIdentityCredential"
        ),
        (
            "accessdenied",
            "nocredentialproviders",
            "unable to locate credentials",
            "webidentityerr",
            "default credentials",
            "aadsts",
            "managedidentitycredential",
        ),
        ("the cloud refuses its identity",),
        "The pod's identity towards the cloud is missing or not trusted: the service account's annotation, the role's "
        "trust policy, or the token mount.",
        "Compare the service account's annotation with the role and its trust policy.",
        _DEPENDENCY,
    ),
    Signature(
        "db-pool",
        re.compile(
            r"(?i)too many (?:clients|connections)|remaining connection slots"
            r"|connection pool (?:exhausted|timeout|is full)|HikariPool.{0,60}(?:not available|timed out)"
            r"|QueuePool limit|Max client connections"
        ),
        (
            "too many c",
            "connection slots",
            "connection pool",
            "hikaripool",
            "queuepool limit",
            "max client connections",
        ),
        ("the database has no connection left for it",),
        "All connections to the database are taken: too many replicas times pool size, or connections that leak.",
        "Lower the pool size or the replicas, or raise the database's limit; a pooler in between helps.",
        _DEPENDENCY,
    ),
    Signature(
        "db-migration",
        re.compile(
            r"""(?i)relation "(?P<relation>.{1,128}?)" does not exist|no such table:? ?(?P<relation_2>[\w.]{1,128})?"""
            r"""|Table '(?P<relation_3>.{1,128}?)' doesn't exist|column .{1,60} does not exist|Validate failed: Migration"""
            r"|ChecksumMismatch|dirty database version|InconsistentMigrationHistory|duplicate column"
            r"|migrations? (?:are |is )?pending|(?:pending|unapplied) migrations?"
        ),
        (
            "does not exist",
            "doesn't exist",
            "no such table",
            "migration",
            "checksummismatch",
            "dirty database",
            "duplicate column",
        ),
        ("the database has no relation {relation}", "the database's schema is not the one it expects"),
        "Program and database schema do not belong together: a migration did not run, or ran only in part.",
        "Run the migration that this version needs, or roll the program back to the version of the schema.",
        _UNKNOWN,
    ),
    Signature(
        "db-lock",
        re.compile(
            r"(?i)deadlock detected|Lock wait timeout exceeded|could not obtain lock|database is locked"
            r"|Waiting for changelog lock"
        ),
        ("deadlock detected", "lock wait timeout", "could not obtain lock", "database is locked", "changelog lock"),
        ("it does not get a lock in the database",),
        "Somebody else holds the lock: a migration that died, a long transaction, or two writers on one file.",
        "Find and end the holder; release a migration lock that nobody holds any more.",
        _DEPENDENCY,
    ),
    Signature(
        "webhook-client",
        re.compile(r"(?i)failed calling webhook|admission webhook .{1,120} denied the request"),
        ("failed calling webhook", "admission webhook"),
        ("an admission webhook refuses what it writes",),
        "The Kubernetes API asked a webhook about the program's request, which denied it or did not answer.",
        "Read the webhook's reason in the log line; is the webhook's Service up?",
        _UNKNOWN,
    ),
    Signature(
        "raft-quorum",
        re.compile(
            r"(?i)no leader|lost quorum|etcdserver: |cluster ID mismatch"
            r"|member .{1,40} has already been bootstrapped|split[- ]brain|network partition detected"
        ),
        (
            "no leader",
            "lost quorum",
            "etcdserver: ",
            "cluster id mismatch",
            "already been bootstrapped",
            "split-brain",
            "split brain",
            "network partition",
        ),
        ("its cluster of members has no quorum or another identity",),
        "The members of the clustered store do not agree: too few of them run, or this one carries an old identity.",
        "Bring back a majority first; only then remove and re-add a member whose data is stale.",
        _UNKNOWN,
    ),
    Signature(
        "leader-election",
        re.compile(r"(?i)leader election lost|failed to renew lease|lost lease|stopped leading"),
        ("leader election lost", "renew lease", "lost lease", "stopped leading"),
        ("it lost the leader election and exits by design",),
        "It could not renew its lease in time: the API server is slow, or the container is short of CPU.",
        "Look at API latency and CPU throttling at that moment; one such exit is harmless.",
        _UNKNOWN,
        Weight.LOOSE,
    ),
)
