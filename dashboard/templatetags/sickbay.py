"""Template tags: icons, marks with their words, times, commands, and sentences with the names in them set apart."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from django import template
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboard.views import words
from dashboard.views.freshness import Beat
from dashboard.views.overview import Overview
from diagnostics.models import Diagnosis
from diagnostics.rules.model import Severity
from diagnostics.rules.readable import pieces, typed

register = template.Library()

# One word of a command: quoted parts hold together.
_WORD = re.compile(r"""(?:[^\s'"]|'[^']*'|"(?:\\.|[^"\\])*")+|['"]""")
# What is set as code without being told: an image or path with slashes, a VARIABLE_NAME, a "quoted name".
_CODE = r"""(?:(?<![\w/.])/)?[\w.-]+(?::\d+)?(?:/[\w.@-]*\w)+(?::[\w.-]*\w)?|\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b"""
_SHORTEST_NAME = 3

register.filter("exact", words.exact)
register.filter("rounded", words.rounded)
register.filter("length_of_time", words.length)
register.filter("typed", typed)


@register.simple_tag
def icon(name: str) -> SafeString:
    """A drawing of the sprite; never alone: its button or text says what it means."""
    return format_html('<svg class="i" aria-hidden="true"><use href="{}#{}"/></svg>', static("icons.svg"), name)


@register.filter
def severity_slug(severity: int) -> str:
    """Its class in the stylesheet: `critical`."""
    return Severity(severity).word


@register.simple_tag
def sev(severity: int) -> SafeString:
    """The severity: shape and word."""
    slug = Severity(severity).word
    return format_html('<span class="sev {}">{}{}</span>', slug, icon(f"sev-{slug}"), words.SEVERITIES[severity])


@register.simple_tag
def state(value: str) -> SafeString:
    """The state of a diagnosis: mark and word."""
    mark = "check" if value == Diagnosis.State.RESOLVED else f"st-{value}"
    return format_html('<span class="state {}">{}{}</span>', value, icon(mark), words.STATES[value])


@register.simple_tag
def conf(confidence: str) -> SafeString:
    """How sure the diagnosis is: mark and word."""
    return format_html(
        '<span class="conf">{}<b>{}</b></span>', icon(f"conf-{confidence}"), words.CONFIDENCES[confidence]
    )


@register.simple_tag(takes_context=True)
def ago(context: template.Context, at: datetime) -> SafeString:
    """`20 s ago`, kept true by the page's script."""
    return words.ago(at, context["now"])


@register.simple_tag(takes_context=True)
def lasting(context: template.Context, since: datetime) -> SafeString:
    """`14 min`: how long it has lasted, kept true by the page's script."""
    return words.lasting(since, context["now"])


@register.simple_tag(takes_context=True)
def clock(context: template.Context, at: datetime) -> SafeString:
    """`12:03:58`, or `22 Nov, 12:03` on another day; the page's script turns it into the reader's own time."""
    return words.clock(at, context["now"])


@register.simple_tag(takes_context=True)
def minute(context: template.Context, at: datetime) -> SafeString:
    """The same to the minute: `12:03`."""
    return words.minute(at, context["now"])


@register.filter
def open_in(overview: Overview, beat: Beat) -> int:
    """How many diagnoses are open in a cluster."""
    return overview.counts.open_by_cluster.get(beat.cluster.pk, 0)


@register.filter
def command_parts(command: str) -> list[str]:
    """A command cut where it may break: a flag stays with its value."""
    parts: list[str] = []
    for word in _WORD.findall(command):
        flag_waits = bool(parts) and parts[-1].startswith("-") and not {"=", " "} & set(parts[-1])
        if flag_waits and parts[-1] != "--" and not word.startswith("-"):
            parts[-1] += f" {word}"
        else:
            parts.append(word)
    return parts


@register.filter
def breakable(path: str) -> SafeString:
    """A path that may break behind its dots."""
    return format_html_join("", "{}<wbr>", ((part,) for part in re.findall(r"[^.]+\.?|\.", path)))


@register.filter
def named(sentence: str, diagnosis: Diagnosis) -> SafeString:
    """A sentence of a rule with the names in it set as code: workload, container, node, image, variable."""
    offender = diagnosis.verdict["offender"]
    names = {diagnosis.workload_name, diagnosis.container, offender["name"]}
    names |= {pod["node"] for pod in diagnosis.verdict["pods"][:5] if pod.get("node")}
    return _set_apart(sentence, names)


@register.filter
def titled(sentence: str, diagnosis: Diagnosis) -> SafeString:
    """The same as a heading: without its full stop."""
    return named(sentence.removesuffix("."), diagnosis)


@register.filter
def coded(sentence: str) -> SafeString:
    """A sentence with what is surely no word set as code."""
    return _set_apart(sentence, ())


@register.filter
def spelled(template: str) -> SafeString:
    """A rule's template as a sentence: what a finding fills in is named. Blank where all of it is filled in."""
    parts = (format_html("<var>{}</var>", p.marked) if p.open else coded(p.text) for p in pieces(template))
    return format_html_join("", "{}", ((part,) for part in parts))


def _set_apart(sentence: str, names: Iterable[str]) -> SafeString:
    known = sorted((name for name in names if len(name) >= _SHORTEST_NAME), key=len, reverse=True)
    pattern = "|".join([*(rf"(?<![\w./-]){re.escape(name)}(?![\w/-])" for name in known), _CODE])
    parts = re.split(f"({pattern})", sentence)
    # Every second part is a name, for the pattern has one group.
    return format_html_join("", "{}", ((_code(part) if n % 2 else part,) for n, part in enumerate(parts)))


def _code(text: str) -> SafeString:
    return format_html("<code>{}</code>", text)
