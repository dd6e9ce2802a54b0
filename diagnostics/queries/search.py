"""Search over what is stored. Every read looks through a bounded number of rows, the newest of their kind."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any, TypeVar

from django.db.models import Case, IntegerField, Model, Q, QuerySet, TextField, Value, When
from django.db.models.functions import Cast

from diagnostics.models import Diagnosis, KnownObject, Suspect
from diagnostics.queries.narrowing import IS_OPEN, TEXT_LIMIT

LOOKED_THROUGH = 20_000  # Rows of a kind, and
QUOTED_FROM = 1_000  # diagnoses whose evidence is read.
_WORDS = 8
_IN_DIAGNOSES = ("summary", "workload_name", "namespace", "code", "container", "node", "cluster__name")
_NODES = "nodes"

Row = TypeVar("Row", bound=Model)
Place = tuple[str, str]  # Names of a cluster and a namespace.


@dataclass(frozen=True, slots=True)
class Quote:
    """A line of a diagnosis' evidence, or of what changed before it."""

    diagnosis: Diagnosis
    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """What matches, best first; of each kind at most as many as were asked for, and one more if there are more."""

    diagnoses: tuple[Diagnosis, ...]
    quotes: tuple[Quote, ...]
    pods: tuple[Suspect, ...]
    workloads: tuple[KnownObject, ...]
    nodes: tuple[KnownObject, ...]
    namespaces: tuple[Place, ...]
    all_read: bool  # Whether nothing is older than what was looked through.


def words_of(text: str) -> tuple[str, ...]:
    """The words that all have to be found."""
    return tuple(text.replace("\0", "")[:TEXT_LIMIT].split()[:_WORDS])


def search(text: str, limit: int) -> Found:
    """Looks for all words of a text, whatever their case, at `limit` + 1 of each kind; nothing for none."""
    words = words_of(text)
    if not words:
        return Found((), (), (), (), (), (), all_read=True)
    diagnoses, pods, objects = _newest(Diagnosis.objects), _newest(Suspect.objects), _newest(KnownObject.objects)
    workloads, nodes = ~Q(resource=_NODES), Q(resource=_NODES)
    return Found(
        diagnoses=tuple(_diagnoses(diagnoses.rows, words)[: limit + 1]),
        quotes=_quotes(words, limit + 1),
        pods=tuple(_pods(pods.rows, words)[: limit + 1]),
        workloads=tuple(_named(objects.rows.filter(workloads), words, ("name", "namespace"))[: limit + 1]),
        nodes=tuple(_named(objects.rows.filter(nodes), words, ("name",))[: limit + 1]),
        namespaces=tuple(_namespaces(objects.rows, words)[: limit + 1]),
        all_read=diagnoses.all and pods.all and objects.all,
    )


@dataclass(frozen=True, slots=True)
class _Newest:
    rows: QuerySet[Any]
    all: bool


def _newest(rows: Any) -> _Newest:
    """The newest rows, told apart by their key alone: that costs the same whatever there is."""
    older = rows.order_by("-pk").values_list("pk", flat=True)[LOOKED_THROUGH : LOOKED_THROUGH + 1]
    last = next(iter(older), None)
    return _Newest(rows.filter(pk__gt=last) if last else rows.all(), all=last is None)


def _diagnoses(rows: QuerySet[Diagnosis], words: tuple[str, ...]) -> QuerySet[Diagnosis]:
    columns = ("code", "severity", "state", "namespace", "workload_kind", "workload_name", "container", "summary")
    number = _number(words)
    found = _everywhere(words, _IN_DIAGNOSES) | (Q(number=number) if number else Q(pk__in=()))
    exact = {0: Q(number=number or 0), 1: Q(workload_name__iexact=words[0]) | Q(code__iexact=words[0])}
    best = _rank({**exact, 2: Q(workload_name__istartswith=words[0])})
    resolved = Case(When(IS_OPEN, then=Value(0)), default=Value(1), output_field=IntegerField())
    matching = rows.filter(found).select_related("cluster").only(*columns, "cluster__name")
    return matching.order_by(best, resolved, "-severity", "-number")


def _number(words: tuple[str, ...]) -> int | None:
    """The number that people say, `1284` or `#1284`; nineteen digits and more overflow the column."""
    text = words[0].removeprefix("#")
    return int(text) if len(words) == 1 and text.isdecimal() and len(text) < 19 else None


def _pods(rows: QuerySet[Suspect], words: tuple[str, ...]) -> QuerySet[Suspect]:
    """Pods by name, or by their whole uid; those that are still there first."""
    found = _everywhere(words, ("name", "namespace")) & _anywhere(words, "name") | Q(uid=words[0].lower())
    gone = Case(When(gone_at=None, then=Value(0)), default=Value(1), output_field=IntegerField())
    matching = rows.filter(found).select_related("cluster").only("uid", "namespace", "name", "gone_at", "cluster__name")
    return matching.order_by(_by_name(words), gone, "name", "pk")


def _named(rows: QuerySet[KnownObject], words: tuple[str, ...], columns: tuple[str, ...]) -> QuerySet[KnownObject]:
    """Objects by name; a namespace narrows, but does not list all that is in it."""
    matching = rows.filter(_everywhere(words, columns), _anywhere(words, "name"))
    narrow = matching.select_related("cluster").only("resource", "namespace", "name", "cluster__name")
    return narrow.order_by(_by_name(words), "name", "pk")


def _namespaces(rows: QuerySet[KnownObject], words: tuple[str, ...]) -> QuerySet[KnownObject, Place]:
    matching = rows.filter(_everywhere(words, ("namespace",))).exclude(namespace="")
    return matching.order_by("namespace", "cluster__name").values_list("cluster__name", "namespace").distinct()


def _quotes(words: tuple[str, ...], limit: int) -> tuple[Quote, ...]:
    """From the newest diagnoses whose verdict holds the words, the first line of evidence that does."""
    newest = Diagnosis.objects.order_by("-pk").values("pk")[:QUOTED_FROM]
    rows = Diagnosis.objects.filter(pk__in=newest).annotate(told=Cast("verdict", TextField()))
    for word in words:
        rows = rows.filter(reduce(or_, (Q(told__icontains=written) for written in _as_json(word))))
    likely = rows.select_related("cluster").only("verdict", "workload_name", "namespace", "cluster__name")
    return tuple(_quoted(likely.order_by("-pk")[: 5 * limit], words))[:limit]


def _as_json(word: str) -> set[str]:
    """How a word stands in stored JSON: databases differ in what they escape."""
    return {json.dumps(word)[1:-1], json.dumps(word, ensure_ascii=False)[1:-1]}


def _quoted(rows: Iterable[Diagnosis], words: tuple[str, ...]) -> Iterator[Quote]:
    wanted = [word.casefold() for word in words]
    for row in rows:
        for where, text in _lines(row.verdict):
            if all(word in text.casefold() for word in wanted):
                yield Quote(row, where, text)
                break


def _lines(verdict: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for piece in verdict["evidence"]:
        yield piece["path"], piece["value"]
    for change in verdict["changed"]:
        yield from ((change["path"], text) for text in (change["to"], change["from"]) if text)


def _everywhere(words: tuple[str, ...], columns: Iterable[str]) -> Q:
    """Each word in any of the columns."""
    return reduce(and_, (reduce(or_, (Q(**{f"{column}__icontains": word}) for column in columns)) for word in words))


def _anywhere(words: tuple[str, ...], column: str) -> Q:
    """Any of the words in a column."""
    return reduce(or_, (Q(**{f"{column}__icontains": word}) for word in words))


def _by_name(words: tuple[str, ...]) -> Case:
    return _rank({0: Q(name__iexact=words[-1]), 1: Q(name__istartswith=words[-1])})


def _rank(conditions: dict[int, Q]) -> Case:
    """The first rank whose condition holds, else one beyond the last."""
    whens = [When(condition, then=Value(rank)) for rank, condition in conditions.items()]
    return Case(*whens, default=Value(len(whens)), output_field=IntegerField())
