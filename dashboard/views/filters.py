"""Filters in the URL: what the triage page is narrowed to, and the links that narrow it further."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from dashboard.views.words import severity_word
from diagnostics.queries import NOBODY, TEXT_LIMIT, Choices, Filter, GroupBy, Sort, Tab
from diagnostics.rules.model import Severity

OPTIONS_SHOWN = 40
VALUES_READ = 50  # Of one kind of filter.
LAST_PAGE = 1_000_000  # Farther on no database can count.
NOTHING_CHOSEN = Filter()
# Whom a diagnosis is assigned to, as the URL says it: its reader, nobody, or the name of an account.
ME, NO_ASSIGNEE = "me", "nobody"
_BY_WORD = {severity.word: severity for severity in Severity}
_TABS = {tab.value: tab for tab in Tab}
_GROUPS = {by.value: by for by in GroupBy}
_SORTS = {sort.value: sort for sort in Sort}


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
    """Which list, narrowed to what, in what order, on which page: all that the query string says."""

    tab: Tab = Tab.OPEN
    filter: Filter = NOTHING_CHOSEN
    group: GroupBy | None = None  # None: as it suits what there is.
    sort: Sort = Sort.WORST
    page: int = 1
    peek: int | None = (
        None  # The number of the row that shows its next step; 0: none; None: the first if few are listed.
    )
    reader: str = ""

    @classmethod
    def of(cls, query: QueryDict, reader: str = "") -> Selection:
        """Reads a query string; what it does not understand it leaves out. `reader` is whoever says `me` in it."""
        return cls(
            tab=_TABS.get(query.get("tab", ""), Tab.OPEN),
            group=_GROUPS.get(query.get("group", "")),
            sort=_SORTS.get(query.get("sort", ""), Sort.WORST),
            page=min(max(_number(query.get("page", "")) or 1, 1), LAST_PAGE),
            peek=_number(query.get("peek", "")),
            reader=reader,
            filter=Filter(
                clusters=_values(query, "cluster"),
                namespaces=_values(query, "namespace"),
                workloads=_values(query, "workload"),
                nodes=_values(query, "node"),
                severities=tuple(_BY_WORD[word] for word in _values(query, "severity") if word in _BY_WORD),
                codes=_values(query, "code"),
                assignees=tuple(dict.fromkeys(_assignee(word, reader) for word in _values(query, "assignee"))),
                text=query.get("q", "").replace("\0", "").strip()[:TEXT_LIMIT],
            ),
        )

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Its parameters, defaults left out; `page` and `peek` never: any other choice starts at the first."""
        chosen = self.filter
        pairs = [("tab", self.tab.value)] if self.tab is not Tab.OPEN else []
        pairs += [("cluster", name) for name in chosen.clusters]
        pairs += [("severity", severity.word) for severity in chosen.severities]
        pairs += [("code", code) for code in chosen.codes]
        pairs += [("namespace", name) for name in chosen.namespaces]
        pairs += [("workload", name) for name in chosen.workloads]
        pairs += [("node", name) for name in chosen.nodes]
        pairs += [("assignee", self._word_of(name)) for name in chosen.assignees]
        pairs += [("q", chosen.text)] if chosen.text else []
        pairs += [("group", self.group.value)] if self.group else []
        return [*pairs, ("sort", self.sort.value)] if self.sort is not Sort.WORST else pairs

    @property
    def query(self) -> str:
        """Its query string, without the page."""
        return _encoded(self.pairs)

    @property
    def url(self) -> str:
        """The link to it, its page included."""
        page = [("page", str(self.page))] if self.page > 1 else []
        peek = [("peek", str(self.peek))] if self.peek is not None else []
        return triage_url(_encoded([*self.pairs, *page, *peek]))

    @property
    def cleared(self) -> Selection:
        """The same list, narrowed to nothing."""
        return replace(self, filter=NOTHING_CHOSEN, page=1, peek=None)

    def on(self, tab: Tab) -> Selection:
        """The same filter on another list."""
        return replace(self, tab=tab, page=1, peek=None)

    def turned(self, page: int) -> Selection:
        """Another page of it."""
        return replace(self, page=page, peek=None)

    def peeking(self, number: int) -> Selection:
        """The same with the next step of another row shown; 0: of none."""
        return replace(self, peek=number)

    def grouped(self, by: GroupBy | None) -> Selection:
        """The same taken together in another way."""
        return replace(self, group=by, page=1, peek=None)

    def sorted(self, sort: Sort) -> Selection:
        """The same in another order."""
        return replace(self, sort=sort, page=1, peek=None)

    def narrowed(self, **changes: object) -> Selection:
        """The same list with other filters."""
        return replace(self, filter=replace(self.filter, **changes), page=1, peek=None)  # type: ignore[arg-type]  # Our own names.

    def menus(self, choices: Choices) -> tuple[Menu, ...]:
        """The menus that narrow it. What is only ever chosen by a link, has a menu to give it up again."""
        exact, chosen = choices.exact, self.filter
        menus = [
            self._menu(_("Severity"), "severities", choices.severities, exact=exact, text=_severity),
            self._menu(_("Cause"), "codes", choices.codes, exact=exact),
            self._menu(_("Namespace"), "namespaces", choices.namespaces, exact=exact),
            self._menu(_("Who"), "assignees", self._people(choices), exact=exact, text=self._person),
        ]
        menus += [self._menu(_("Workload"), "workloads", (), exact=True)] if chosen.workloads else []
        return (*menus, self._menu(_("Node"), "nodes", (), exact=True)) if chosen.nodes else tuple(menus)

    def cluster_menu(self, names: tuple[str, ...]) -> tuple[Option, ...]:
        """One cluster at a time, or all."""
        return tuple(
            Option(name, None, self.narrowed(clusters=(name,)).url, chosen=self.filter.clusters == (name,))
            for name in names
        )

    def _menu(
        self,
        label: str,
        field: str,
        offered: Sequence[tuple[object, int]],
        *,
        exact: bool,
        text: Callable[[object], str] = str,
    ) -> Menu:
        taken: tuple[object, ...] = getattr(self.filter, field)
        counts = dict.fromkeys(taken, 0) | dict(offered)  # What is chosen stays, though nothing is left of it.
        options = tuple(
            Option(
                text(value),
                n if exact and offered else None,
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

    def _people(self, choices: Choices) -> tuple[tuple[str, int], ...]:
        """The reader and nobody first."""
        first = {name: 0 for name in (self.reader, NOBODY) if name or choices.assignees}
        return tuple((first | dict(choices.assignees)).items())

    def _person(self, name: object) -> str:
        return _("nobody") if name == NOBODY else _("me") if name == self.reader else str(name)

    def _word_of(self, name: str) -> str:
        return NO_ASSIGNEE if name == NOBODY else ME if name == self.reader else name


def _assignee(word: str, reader: str) -> str:
    """The name of the account that a word of the URL stands for."""
    if word == NO_ASSIGNEE:
        return NOBODY
    return reader if word == ME and reader else word


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 19 else None


def triage_url(query: str) -> str:
    """The link to the triage page with this query string."""
    return f"{reverse('triage')}?{query}" if query else reverse("triage")


def _encoded(pairs: Sequence[tuple[str, str]]) -> str:
    query = QueryDict(mutable=True)
    for name, value in pairs:
        query.appendlist(name, value)
    return query.urlencode()


def _values(query: QueryDict, name: str) -> tuple[str, ...]:
    """Its values, each once, without what no database takes."""
    values = query.getlist(name)[:VALUES_READ]
    return tuple(dict.fromkeys(value for value in values if value and "\0" not in value))


def _severity(value: object) -> str:
    return severity_word(Severity(value))  # type: ignore[arg-type]  # Only severities are asked for.


def _toggled(taken: tuple[object, ...], value: object) -> tuple[object, ...]:
    return tuple(item for item in taken if item != value) if value in taken else (*taken, value)
