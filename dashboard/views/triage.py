"""Triage: what is wrong, worst first; or, as surely as it is known, that nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_http_methods

from dashboard.roles import Role, may
from dashboard.signin import is_guest, signed_in
from dashboard.views import bulk, deeds, listed, saved, storm
from dashboard.views.calm import calm
from dashboard.views.filters import NOTHING_CHOSEN, Selection
from dashboard.views.overview import Overview, current_overview, render_page
from dashboard.views.sentences import headline, storm_headline
from diagnostics import queries
from diagnostics.models import Diagnosis
from diagnostics.queries import COUNT_LIMIT, GROUPS_SHOWN, PAGE_SIZE, Counts, Filter, Group, GroupBy, Groups, Tab

FEW = 14  # As long as no more are listed the first one shows its next step at once.


@require_http_methods(["GET", "HEAD", "POST"])
def triage(request: HttpRequest) -> HttpResponseBase:
    """The first page; what is done to its diagnoses is posted to it."""
    return bulk.act(request) if request.method == "POST" else _page(request)


@signed_in
def _page(request: HttpRequest) -> HttpResponse:
    overview = current_overview()
    user: Any = request.user  # A User passed the gate.
    selection = Selection.of(request.GET, reader="" if is_guest(user) else user.get_username())
    listing = _Listing(overview, selection, user)
    context = {
        "selection": selection,
        "tomorrow": deeds.tomorrow_morning(overview.now),
        "people": deeds.others(user.get_username()) if may(user, Role.RESPONDER) else [],
        "hasty": overview.counts.open <= COUNT_LIMIT,  # Whether it may be fetched as often as there is news.
        **listing.context(),
        **saved.views_of(overview, selection, user),
    }
    if not overview.counts.unresolved:
        context |= calm(overview)
    return render_page(request, "triage.html", overview, context)


@dataclass
class _Listing:
    """The list that was asked for, with what stands around it."""

    overview: Overview
    selection: Selection
    user: Any

    @cached_property
    def found(self) -> Filter:
        """What all lists of open ones are narrowed to: a text is looked for once."""
        return self.selection.filter.looked_up(queries.open_ones())

    @cached_property
    def alone(self) -> bool:
        """Whether a text was looked for in this list alone, for it would take too long in all."""
        return bool(self.selection.filter.text) and (self.selection.tab is Tab.RESOLVED or self.found.cut)

    @cached_property
    def chosen(self) -> Filter:
        """What it is narrowed to."""
        if self.alone:
            rows = queries.read_for_text(self.selection.tab, self.overview.now, self.user)
            return self.selection.filter.looked_up(rows)
        return self.found

    @cached_property
    def causes(self) -> tuple[Group, ...]:
        """All that the list has, by cause. Of resolved ones there may be a million, so those are not counted."""
        tab = self.selection.tab
        return () if tab is Tab.RESOLVED else queries.causes(tab, self.chosen, self.overview.now, self.user)

    @cached_property
    def storms(self) -> bool:
        """Whether this is a storm, looked at as a whole."""
        whole = self.selection.tab is Tab.OPEN and not self.selection.filter
        return whole and storm.is_storm(self.causes)

    @cached_property
    def by(self) -> GroupBy:
        """What the list is grouped by: in a storm by cause unless something else was asked for."""
        if self.selection.tab is Tab.RESOLVED:
            return GroupBy.NOTHING
        return self.selection.group or (GroupBy.CAUSE if self.storms else GroupBy.NOTHING)

    @cached_property
    def counts(self) -> dict[Tab, int | None]:
        """How many each list has, as narrowed; None where it was not looked for."""
        chosen, now = self.chosen, self.overview.now
        if not chosen:
            return self.totals
        if self.alone:
            return {**dict.fromkeys(Tab), self.selection.tab: len(chosen.numbers or ())}
        with_resolved = not chosen.text
        return _by_tab(queries.counts(chosen, now, with_resolved=with_resolved), queries.assigned_to(self.user, chosen))

    @cached_property
    def totals(self) -> dict[Tab, int | None]:
        """The same without the filter."""
        return _by_tab(self.overview.counts, queries.assigned_to(self.user, NOTHING_CHOSEN))

    def context(self) -> dict[str, Any]:
        """What the page shows of it."""
        selection = self.selection
        lines, more = self._folded() if self._folds else self._rows()
        raging = storm.storm(self.causes, self._example(), selection) if self.storms else None
        return {
            **lines,
            "by": self.by,
            "group_menu": [(by, selection.grouped(by).url) for by in GroupBy],
            "sort_menu": [(sort, selection.sorted(sort).url) for sort in queries.Sort],
            "tabs": [(tab, self.counts[tab], selection.on(tab).url) for tab in Tab],
            "listed": self.counts[selection.tab],
            "total": self.totals[selection.tab],
            "cut": self.chosen.cut,
            "resolved_read": queries.RESOLVED_READ if self.alone and selection.tab is Tab.RESOLVED else None,
            "menus": selection.menus(queries.choices()),
            "storm": raging,
            "headline": storm_headline(raging, self.overview) if raging else headline(self.overview),
            "summed_up": []
            if self.storms or selection.tab is Tab.RESOLVED
            else storm.summed_up(self.causes, selection),
            "first_url": selection.turned(1).url,
            "previous_url": selection.turned(selection.page - 1).url if selection.page > 1 else "",
            "next_url": selection.turned(selection.page + 1).url if more else "",
        }

    @property
    def _folds(self) -> bool:
        """Whether groups stand for their diagnoses: those would not all fit on the page."""
        return self.by is not GroupBy.NOTHING and (self.counts[self.selection.tab] or 0) > PAGE_SIZE

    def _folded(self) -> tuple[dict[str, Any], bool]:
        found = self._groups()
        return {"groups": listed.folded(found.rows, self.by, self.selection)}, found.more

    def _groups(self) -> Groups:
        selection = self.selection
        if self.by is not GroupBy.CAUSE:
            return queries.groups(self.by, selection.tab, self.chosen, self.overview.now, self.user, selection.page)
        start = (selection.page - 1) * GROUPS_SHOWN
        return Groups(self.causes[start : start + GROUPS_SHOWN], more=len(self.causes) > start + GROUPS_SHOWN)

    def _rows(self) -> tuple[dict[str, Any], bool]:
        selection = self.selection
        found = queries.listing(
            selection.tab, self.chosen, self.overview.now, self.user, selection.page, selection.sort
        )
        rows = listed.rows(found.rows, self.overview, selection, opened=self._opened(found.rows))
        headed = listed.headed(rows, self.by, selection) if self.by is not GroupBy.NOTHING else []
        return {"rows": rows, "headed": headed}, found.more

    def _opened(self, found: Sequence[Diagnosis]) -> int | None:
        """The number of the row that shows its next step."""
        selection = self.selection
        if selection.peek is not None:
            return selection.peek
        few = (self.counts[selection.tab] or 0) <= FEW and selection.page == 1 and selection.tab is not Tab.RESOLVED
        return found[0].number if few and found else None

    def _example(self) -> Diagnosis | None:
        number = storm.largest(self.causes).latest
        return queries.of_numbers([number]).get(number)


def _by_tab(counts: Counts, mine: int) -> dict[Tab, int | None]:
    return {
        Tab.REVIEW: counts.review,
        Tab.OPEN: counts.open,
        Tab.MINE: mine,
        Tab.SNOOZED: counts.snoozed,
        Tab.RESOLVED: counts.resolved,
    }
