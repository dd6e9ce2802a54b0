"""Filters in the URL: what the triage page is narrowed to, and the links that narrow it further."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from dashboard.views.words import severity_word
from diagnostics.queries import TEXT_LIMIT, Choices, Filter, Tab
from diagnostics.rules.model import Severity

OPTIONS_SHOWN = 40
VALUES_READ = 50  # Of one kind of filter.
NOTHING_CHOSEN = Filter()
_BY_WORD = {severity.word: severity for severity in Severity}
_TABS = {tab.value: tab for tab in Tab}


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a menu: following its link takes it, or gives it up if it is taken."""

    text: str
    count: int | None  # What it leaves; None if that was not counted.
    url: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Menu:
    """One kind of filter."""

    label: str
    chosen: tuple[str, ...]
    options: tuple[Option, ...]
    more: bool  # Whether there are choices that are not listed.
    any_url: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Which list, narrowed to what, on which page: all that the query string says."""

    tab: Tab = Tab.OPEN
    filter: Filter = NOTHING_CHOSEN
    page: int = 1

    @classmethod
    def of(cls, query: QueryDict) -> Selection:
        """Reads a query string; what it does not understand it leaves out."""
        tab, page = query.get("tab", ""), query.get("page", "")
        return cls(
            tab=_TABS.get(tab, Tab.OPEN),
            page=max(int(page), 1) if page.isdecimal() and len(page) < 7 else 1,
            filter=Filter(
                clusters=_values(query, "cluster"),
                namespaces=_values(query, "namespace"),
                workloads=_values(query, "workload"),
                nodes=_values(query, "node"),
                severities=tuple(_BY_WORD[word] for word in _values(query, "severity") if word in _BY_WORD),
                codes=_values(query, "code"),
                text=query.get("q", "").replace("\0", "").strip()[:TEXT_LIMIT],
            ),
        )

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Its parameters, defaults left out; `page` never: any other choice starts at the first."""
        chosen = self.filter
        pairs = [("tab", self.tab.value)] if self.tab is not Tab.OPEN else []
        pairs += [("cluster", name) for name in chosen.clusters]
        pairs += [("severity", severity.word) for severity in chosen.severities]
        pairs += [("code", code) for code in chosen.codes]
        pairs += [("namespace", name) for name in chosen.namespaces]
        pairs += [("workload", name) for name in chosen.workloads]
        pairs += [("node", name) for name in chosen.nodes]
        return [*pairs, ("q", chosen.text)] if chosen.text else pairs

    @property
    def url(self) -> str:
        """The link to it, its page included."""
        query = QueryDict(mutable=True)
        for name, value in [*self.pairs, *([("page", str(self.page))] if self.page > 1 else [])]:
            query.appendlist(name, value)
        return f"{reverse('triage')}?{query.urlencode()}" if query else reverse("triage")

    @property
    def cleared(self) -> Selection:
        """The same list, narrowed to nothing."""
        return Selection(self.tab)

    def on(self, tab: Tab) -> Selection:
        """The same filter on another list."""
        return replace(self, tab=tab, page=1)

    def turned(self, page: int) -> Selection:
        """Another page of it."""
        return replace(self, page=page)

    def narrowed(self, **changes: object) -> Selection:
        """The same list with other filters."""
        return replace(self, filter=replace(self.filter, **changes), page=1)  # type: ignore[arg-type]  # Our own names.

    def menus(self, choices: Choices) -> tuple[Menu, ...]:
        """The menus that narrow it."""
        return (
            self._menu(_("Severity"), "severities", choices.severities, exact=choices.exact),
            self._menu(_("Cause"), "codes", choices.codes, exact=choices.exact),
            self._menu(_("Namespace"), "namespaces", choices.namespaces, exact=choices.exact),
        )

    def cluster_menu(self, names: tuple[str, ...]) -> tuple[Option, ...]:
        """One cluster at a time, or all."""
        return tuple(
            Option(name, None, self.narrowed(clusters=(name,)).url, chosen=self.filter.clusters == (name,))
            for name in names
        )

    def _menu(self, label: str, field: str, offered: Sequence[tuple[object, int]], *, exact: bool) -> Menu:
        taken: tuple[object, ...] = getattr(self.filter, field)
        counts = dict.fromkeys(taken, 0) | dict(offered)  # What is chosen stays, though nothing is left of it.
        options = tuple(
            Option(
                _text(value),
                n if exact else None,
                self.narrowed(**{field: _toggled(taken, value)}).url,
                chosen=value in taken,
            )
            for value, n in counts.items()
        )
        return Menu(
            label=label,
            chosen=tuple(option.text for option in options if option.chosen),
            options=options[:OPTIONS_SHOWN],
            more=not exact or len(options) > OPTIONS_SHOWN,
            any_url=self.narrowed(**{field: ()}).url,
        )


def _values(query: QueryDict, name: str) -> tuple[str, ...]:
    """Its values, each once, without what no database takes."""
    values = query.getlist(name)[:VALUES_READ]
    return tuple(dict.fromkeys(value for value in values if value and "\0" not in value))


def _text(value: object) -> str:
    return severity_word(value) if isinstance(value, Severity) else str(value)


def _toggled(taken: tuple[object, ...], value: object) -> tuple[object, ...]:
    return tuple(item for item in taken if item != value) if value in taken else (*taken, value)
