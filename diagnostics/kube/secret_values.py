"""What the value beside the name of a secret looks like: a credential, or a word of ordinary diagnostics."""

from __future__ import annotations

import re

from diagnostics.kube.secret_shapes import REDACTED

# Values that are no secrets: words of configuration, references to variables, files, addresses.
NO_SECRET = re.compile(
    r"(?i)(?:yes|no|on|off|true|false|null|none|nil|undefined|\*+|x{3,}|<[^>]*>"
    r"|(?-i:\$[A-Z_][A-Z0-9_]*)|\$\{[a-z_]\w*\}|\$\(\w+\)|\{\{.*|/(?:var|etc|run|mnt|tmp|home|opt|usr|secrets|app|data|config|root|srv|vault|proc)/\S*"
    r"|[a-z][a-z0-9+.-]{1,30}://\S*)[.,;:)\]}]*"
)
# First words of a sentence about a secret, as in `DB_PASSWORD: unbound variable`.
PROSE = frozenset(
    """
    a an and are argument bad be cannot can't could denied does error expected expired failed field flag for forbidden
    has have if in incorrect invalid is lookup malformed mismatch missing must needs no not of option or parameter
    permission please required should string strings the this too unable unauthorized unbound undefined unexpected
    unknown unset unsupported use value was were will with wrong
    """.split()  # noqa: SIM905 - sixty words in a list would be sixty lines.
)
# Words with digits or symbols that writers use: encodings, schemes of authentication, error codes.
_TECHNICAL = re.compile(
    r"(?i)(?:base\d\d|utf-?\d|sha-?\d|md5|scram|argon2|pbkdf2|bcrypt|x\.?509|oauth|oidc|ntlm|pkcs).*"
    r"|(?:tls|ip|http|smb)?v[\d.]+(?:(?:alpha|beta)\d+)?|(?-i:[A-Z]{3,8}[-_\[][A-Z0-9]{3,6}\]?:?)|0x[0-9a-f]+"
)
_TYPES = frozenset({"nonetype", "str", "int", "bytes", "bool", "object", "password", "text", "hidden", "admin", "user"})
_FILE = re.compile(r"(?i).*[/\\].*|.*\.(?:pem|key|crt|cer|json|ya?ml|txt|pub|p12|pfx|jks|der|asc|gpg)")
# `api-6f5749d9db-abcde`, `db-1.example`: Kubernetes' own names.
OBJECT_NAME = re.compile(r"[a-z0-9]+(?:[-.][a-z0-9]+)+")
_UUID = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HEX_KEY = re.compile(r"(?i)[0-9a-f]{32,}")
_BASE64_KEY = re.compile(r"(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])(?=[^0-9]*[0-9]|.*=$)[A-Za-z0-9+/_-]{16,}={0,2}")


def looks_random(value: str) -> bool:
    """Whether a word is more likely made by a machine than by a writer."""
    return len(value) >= 16 or (len(value) >= 8 and any(character.isdigit() for character in value))


def looks_chosen(value: str) -> bool:
    """Whether a word mixes letters with digits or symbols, as passwords do and words of a sentence do not."""
    if len(value) < 6 or REDACTED in value or NO_SECRET.fullmatch(value) or _TECHNICAL.fullmatch(value):
        return False
    mixed = any(c.isdigit() or c in "!#$%^*~@" for c in value.rstrip(".,;:!?")) or any(c.isdigit() for c in value)
    return mixed and any(c.isalpha() for c in value)


def looks_quoted(value: str) -> bool:
    """Whether what stands in quotes after `password is` is the password: not a type, a variable's name or a remark."""
    first = "" if value[:1].isspace() else value.split(maxsplit=1)[0].lower()
    if not first or first in PROSE or first in _TYPES or REDACTED in value:
        return False
    return not (NO_SECRET.fullmatch(value) or re.fullmatch(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+", value))


def looks_assigned(value: str) -> bool:
    """Whether `pass=...` is a password: `pass=2 fail=0` and `pass=true` are the results of tests."""
    return len(value) >= 4 and not value.isdigit() and looks_quoted(value)


def looks_like_code(value: str) -> bool:
    """Whether `otp: ...` is a one-time password, which may be of digits alone."""
    return (value.isdigit() and 6 <= len(value) <= 8) or looks_chosen(value)


def looks_encoded(value: str) -> bool:
    """Whether a value is base64, as `auth` of a registry's configuration is, or chosen as a password is."""
    return looks_chosen(value) or (_BASE64_KEY.fullmatch(value) is not None and not _TECHNICAL.fullmatch(value))


def looks_like_key(value: str) -> bool:
    """Whether a value is long and random enough for a cryptographic key: no path, UUID or name of an object."""
    if REDACTED in value or _UUID.fullmatch(value) or NO_SECRET.fullmatch(value):
        return False
    return bool(_HEX_KEY.fullmatch(value) or _BASE64_KEY.fullmatch(value))


def looks_like_option_key(value: str) -> bool:
    """Whether what follows `--key` is a key itself, not the file, the object or the column that bears it."""
    return looks_like_key(value) or (
        looks_chosen(value) and not (_FILE.fullmatch(value) or OBJECT_NAME.fullmatch(value) or _UUID.fullmatch(value))
    )
