"""Takes credentials out of what clusters say, before any of it is stored, shown or sent.

Pure functions; time is linear in the length of the text, every pattern bounded. What is taken out becomes
`[redacted]`; the number of lines stays. Redacting twice changes nothing. What only names a secret (a key, a file,
`password authentication failed`) stays, for it is what people need to mend the fault.
"""

from __future__ import annotations

import re
from typing import Any

from diagnostics.kube import secret_pairs, secret_phrases, secret_shapes
from diagnostics.kube.secret_pairs import is_secret_name, is_secret_option, pairs
from diagnostics.kube.secret_phrases import answers, is_secret_argument, phrases
from diagnostics.kube.secret_shapes import REDACTED, pem_blocks, shapes

# Most lines and nearly all fields hold none of these, and need no further look.
_SIGNS = re.compile("|".join(map(re.escape, secret_pairs.SIGNS + secret_phrases.SIGNS + secret_shapes.SIGNS)))

_DROPPED_FIELDS = frozenset({"managedFields"})
_DROPPED_ANNOTATIONS = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})
# Lists of {name, value} whose values are the user's own: environment variables, headers of probes and hooks.
_VALUED_LISTS = frozenset({"env", "httpHeaders"})
_ARGUMENT_LISTS = frozenset({"command", "args"})
# Options that take a password and do not say so; and clients that take it in the same word, as in `-psecret`.
_OPTIONS_OF_CLIENTS = {"curl": ("-u", "--user"), "redis-cli": ("-a",), "sshpass": ("-p",)}
_ATTACHED_PASSWORD = ("mysql", "mariadb")


def text(words: str) -> str:
    """The text with every credential that can be told from its form or its name replaced by `[redacted]`."""
    if not _SIGNS.search(words.lower()):
        return words
    lines = [_line(line) if _SIGNS.search(line.lower()) else line for line in pem_blocks(words).split("\n")]
    return "\n".join(answers(lines))


def _line(line: str) -> str:
    # Names come first, since a form may swallow one (`bearer password=x`); and again where a form was found, since its
    # going may leave one bare.
    named = phrases(pairs(line))
    shaped = shapes(named)
    return named if shaped == named else phrases(pairs(shaped))


def pod_object(raw: dict[str, Any]) -> dict[str, Any]:
    """A pod, or any object that holds a pod template, fit to be stored: a copy; `raw` is left alone.

    Literal values of environment variables and of probes' and hooks' headers are taken out whole, their names kept;
    `managedFields` and the last applied configuration are dropped; every other string, commands, annotations and
    status messages included, is redacted as text.
    """
    return {key: _value(key, value) for key, value in raw.items() if key not in _DROPPED_FIELDS}


def event(raw: dict[str, Any]) -> dict[str, Any]:
    """An event fit to be stored: `managedFields` dropped, its message and every other string redacted as text."""
    return pod_object(raw)


def _value(key: str, value: Any) -> Any:
    match value:
        case str():
            return REDACTED if value and is_secret_name(key) else text(value)
        case dict():
            return _annotations(value) if key == "annotations" else pod_object(value)
        case list() if key in _VALUED_LISTS:
            return [_valued(item) for item in value]
        case list() if key in _ARGUMENT_LISTS:
            return _arguments(value)
        case list():
            return [_value("", item) for item in value]
        case _:
            return value


def _annotations(annotations: dict[str, Any]) -> dict[str, Any]:
    return {key: _value(key, value) for key, value in annotations.items() if key not in _DROPPED_ANNOTATIONS}


def _valued(item: Any) -> Any:
    if not isinstance(item, dict):
        return _value("", item)
    return pod_object(item) | ({"value": REDACTED} if item.get("value") else {})


def _arguments(arguments: list[Any]) -> list[Any]:
    """Redacts each argument, and as a whole the one that follows an option like `--password`."""
    words = [argument if isinstance(argument, str) else "" for argument in arguments]
    program = words[0].rpartition("/")[2] if words else ""
    secret_options = _OPTIONS_OF_CLIENTS.get(program, ())
    redacted: list[Any] = []
    for option, argument in zip(["", *words], arguments, strict=False):
        if argument and (
            is_secret_option(option) or option in secret_options or is_secret_argument(option, str(argument))
        ):
            redacted.append(REDACTED)
        elif program.startswith(_ATTACHED_PASSWORD) and isinstance(argument, str) and argument.startswith("-p"):
            redacted.append("-p" + REDACTED * (argument != "-p"))
        else:
            redacted.append(_value("", argument))
    return redacted
