"""Any other receiver: a body written by a template, sent with a method and headers of one's choice.

The template language is a part of Jinja's: texts, `if`, one level of `for`, a dozen filters. There is nothing to call or
compute with, it reads the data and no attribute of any object, and what it may repeat is counted; so a template ends,
soon, and with little memory, whoever wrote it. Source: jinja.palletsprojects.com, "Sandbox", "Security Considerations".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar, Literal

import msgspec
from jinja2 import ChainableUndefined, Template, TemplateError, Undefined, nodes
from jinja2.filters import FILTERS as JINJA_FILTERS
from jinja2.runtime import LoopContext
from jinja2.sandbox import SandboxedEnvironment
from jinja2.tests import TESTS as JINJA_TESTS

from diagnostics.notify import wording
from diagnostics.notify.exchange import Request
from diagnostics.notify.formats import Format, Memory, Settings
from diagnostics.notify.formats.webhook import fitted
from diagnostics.notify.notice import Diagnosis, Notice
from diagnostics.notify.sample import sample

LONGEST = 8_000  # Characters of a template.
MOST = 64_000  # Characters of what comes of it.
ITEMS = 100  # That a loop goes through; there may be more.
FILTERS, DEPTH = 4, 25  # One upon the other.
_FILTERS: tuple[str, ...] = (
    *("capitalize", "default", "escape", "first", "join", "last", "length"),
    *("lower", "trim", "truncate", "upper", "urlencode"),
)
_TESTS = ("defined", "undefined", "none")
_KNOWN: tuple[type[nodes.Node], ...] = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For),
    *(nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Neg, nodes.Tuple, nodes.List),
    *(nodes.Filter, nodes.Test, nodes.Keyword, nodes.CondExpr, nodes.And, nodes.Or, nodes.Not),
    *(nodes.Compare, nodes.Operand),
)
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS = frozenset({"host", "connection", "content-length", "content-type", "transfer-encoding", "upgrade"})


class BadTemplate(ValueError):
    """It cannot be used. The text says why, with the line where one is to blame."""


class TemplateSettings(Settings, frozen=True):
    """`headers` are what the receiver asks for besides `content_type`, such as a token."""

    url: str
    template: str
    method: Literal["POST", "PUT", "PATCH"] = "POST"
    content_type: str = "application/json"
    headers: dict[str, str] = {}
    secret_fields: ClassVar[frozenset[str]] = frozenset({"url", "headers"})

    @classmethod
    def proposed(cls) -> dict[str, Any]:
        """A template to begin with."""
        return {"template": '{"title": {{ headline|tojson }}, "text": {{ sentence|tojson }}, "url": {{ url|tojson }}}'}

    def __post_init__(self) -> None:
        for name, value in {**self.headers, "content-type": self.content_type}.items():
            if not _HEADER.fullmatch(name) or not value.isascii() or not value.isprintable():
                raise ValueError(f"header {name!r} is none: a name without blanks, and printable ASCII characters")
        if ours := sorted(name for name in self.headers if name.lower() in _OURS):
            raise ValueError(f"header {ours[0]!r} is not for headers: content_type sets the type, the rest is ours")
        body = preview(self.template, sample())
        if self.content_type.partition(";")[0].strip().endswith("json"):
            _check_json(body)


class TemplateWebhook(Format[TemplateSettings]):
    """What has no value in a notice comes out blank, so one template may serve all types."""

    kind = "template"
    label = "Webhook from a template"
    settings = TemplateSettings

    def build(self, settings: TemplateSettings, notice: Notice, memory: Memory, now: datetime) -> Request:  # noqa: ARG002 - Neither earlier messages nor the time matter here.
        """One request."""
        try:
            body = preview(settings.template, notice)
        except BadTemplate as error:
            raise msgspec.ValidationError(str(error)) from error
        headers = {**settings.headers, "content-type": settings.content_type}
        return Request(settings.url, body.encode(), headers, settings.method)


def preview(template: str, notice: Notice) -> str:
    """What a template makes of a notice. Raises BadTemplate."""
    compiled = _compiled(template)
    written: list[str] = []
    room = MOST
    try:
        for piece in compiled.generate(variables(notice)):
            written.append(piece)
            room -= len(piece)
            if room < 0:
                raise BadTemplate(f"it writes more than {MOST:,} characters")
    except (TemplateError, TypeError, ValueError, msgspec.MsgspecError) as error:
        raise error if isinstance(error, BadTemplate) else BadTemplate(str(error)) from error
    return "".join(written)


def variables(notice: Notice) -> dict[str, Any]:
    """What a template may name. `data` is what our own webhook sends as such, and as short."""
    subject = notice.subject
    diagnosis = subject if isinstance(subject, Diagnosis) else None
    return {
        "id": notice.id,
        "type": notice.type.value,
        "timestamp": notice.timestamp.isoformat(),
        "route": notice.route,
        "headline": wording.headline(notice),
        "sentence": wording.sentence(notice),
        "url": subject.url,
        "lines": wording.lines(subject),
        "pods": wording.pods(diagnosis) if diagnosis else "",
        "command": wording.command(diagnosis) if diagnosis else "",
        "log": wording.tail(wording.log_lines(diagnosis), 2_000) if diagnosis else "",
        "data": msgspec.json.decode(fitted({"data": notice.data}))["data"],
    }


class _Environment(SandboxedEnvironment):
    """Reads what the data holds, never an attribute of an object; except of `loop`."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`data.code`."""
        return super().getattr(obj, attribute) if isinstance(obj, LoopContext) else self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`data["code"]`, `data.pods[0]`; undefined where there is none."""
        try:
            return obj[argument] if isinstance(obj, dict | list) else self.undefined(obj=obj, name=str(argument))
        except (LookupError, TypeError):
            return self.undefined(obj=obj, name=str(argument))


def _json(value: Any) -> str:
    return "null" if isinstance(value, Undefined) else msgspec.json.encode(value).decode()


def _items(value: Any) -> list[Any]:
    return value[:ITEMS] if isinstance(value, list) else []


def _environment() -> _Environment:
    made = _Environment(undefined=ChainableUndefined, keep_trailing_newline=True)
    known: dict[str, Callable[..., Any]] = {name: JINJA_FILTERS[name] for name in _FILTERS}
    made.filters = {**known, "tojson": _json, "_items": _items}
    made.tests = {name: JINJA_TESTS[name] for name in _TESTS}
    made.globals = {}
    return made


_ENVIRONMENT = _environment()


@lru_cache(maxsize=64)
def _compiled(template: str) -> Template:
    if len(template) > LONGEST:
        raise BadTemplate(f"it has {len(template):,} characters; {LONGEST:,} are allowed")
    try:
        tree = _ENVIRONMENT.parse(template)
        _check(tree)
        for loop in tree.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, "_items", [], [], None, None, lineno=loop.lineno)
        tree.set_environment(_ENVIRONMENT)
        return _ENVIRONMENT.from_string(tree)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        raise BadTemplate(f"line {line}: {error}" if line else str(error)) from error
    except RecursionError:
        raise BadTemplate("it is nested too deeply") from None


def _check(tree: nodes.Template) -> None:
    for node, above in _walk(tree, ()):
        problem = _problem(node, above)
        if problem:
            raise BadTemplate(f"line {node.lineno}: {problem}")


def _walk(node: nodes.Node, above: tuple[nodes.Node, ...]) -> Iterator[tuple[nodes.Node, tuple[nodes.Node, ...]]]:
    yield node, above
    for child in node.iter_child_nodes():
        yield from _walk(child, (*above, node))


def _problem(node: nodes.Node, above: tuple[nodes.Node, ...]) -> str:
    if not isinstance(node, _KNOWN):
        return f"{type(node).__name__} is not for templates here; see docs/notifications.md for what is"
    if len(above) > DEPTH:
        return "it is nested too deeply"
    if isinstance(node, nodes.For) and any(isinstance(each, nodes.For) for each in above):
        return "there is no loop within a loop; write {{ list|join(', ', 'name') }}"
    if isinstance(node, nodes.Filter) and sum(isinstance(each, nodes.Filter) for each in above) >= FILTERS:
        return f"at most {FILTERS} filters may follow each other"
    if isinstance(node, nodes.Filter) and node.name.startswith("_"):
        return f"there is no filter {node.name}"
    return ""


def _check_json(body: str) -> None:
    try:
        msgspec.json.decode(body.encode())
    except msgspec.DecodeError as error:
        raise BadTemplate(
            f"what it writes is no JSON ({error}); write {{{{ sentence|tojson }}}} without quotes around it"
        ) from error


FORMAT = TemplateWebhook()
