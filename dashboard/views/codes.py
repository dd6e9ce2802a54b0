"""The reference of codes: all of them, and each with its cause, its remedy, its relations and what is open here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from dashboard.signin import signed_in
from dashboard.views.overview import current_overview, render_page
from diagnostics import queries
from diagnostics.queries import TEXT_LIMIT
from diagnostics.rules.model import NEVER
from diagnostics.rules.readable import readable
from diagnostics.rules.reference import Entry, by_family, entries


@dataclass(frozen=True, slots=True)
class Line:
    """A code in the list of all."""

    entry: Entry
    open: int


@dataclass(frozen=True, slots=True)
class Family:
    """The codes of one stage or kind of object, as far as they match."""

    name: str
    lines: tuple[Line, ...]

    @property
    def anchor(self) -> str:
        """`crash-and-restart`; no code reads so."""
        return slugify(self.name)


@require_safe
@signed_in
def codes(request: HttpRequest) -> HttpResponse:
    """All codes by family, narrowed by the words of `q`."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:TEXT_LIMIT]
    open_by_code = queries.open_by_code()
    families = [family for family in _families(text, open_by_code) if family.lines]
    context = {
        "text": text,
        "families": families,
        "listed": sum(len(family.lines) for family in families),
        "total": len(entries()),
        "occurring": len(open_by_code.keys() & entries().keys()),
    }
    return render_page(request, "codes.html", current_overview(), context)


@require_safe
@signed_in
def code(request: HttpRequest, code: str) -> HttpResponse:
    """One code."""
    entry = entries().get(code)
    if entry is None:
        raise Http404
    context = {
        "entry": entry,
        "rule": entry.rule,
        "family": Family(entry.family, ()),
        "announced": entry.rule.notify_after != NEVER,
        "references": [(address, _short(address)) for address in entry.rule.references],
        "here": queries.open_with(code),
    }
    return render_page(request, "code.html", current_overview(), context)


def matching(text: str) -> Iterable[str]:
    """The codes whose name or texts hold all words of a text."""
    wanted = text.casefold().split()
    return (code for code in entries() if all(word in _searched(code) for word in wanted))


def _families(text: str, open_by_code: dict[str, int]) -> Iterable[Family]:
    wanted = frozenset(matching(text))
    for name, members in by_family().items():
        found = (entry for entry in members if entry.rule.code in wanted)
        yield Family(name, tuple(Line(entry, open_by_code.get(entry.rule.code, 0)) for entry in found))


@cache
def _searched(code: str) -> str:
    """What a search of a code looks at: its own texts, and the example's where they say too little."""
    entry = entries()[code]
    rule, example = entry.rule, entry.example
    own = [readable(text) for text in (rule.message, rule.cause, rule.remedy)]
    lent = [example.summary] if example else []
    lent += [example.cause, example.remedy] if example and not all(own) else []
    return "\n".join([code, entry.family, *own, *lent]).casefold()


def _short(address: str) -> str:
    """An address without what every address has."""
    return address.removeprefix("https://").rstrip("/")
