"""What every format says in its own markup: headline, sentence, facts, pods, log lines, commands. Plain text, uncut.

A severity is a word and a shape, never a colour alone (product.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from diagnostics.notify.notice import Cluster, Diagnosis, Digest, Notice, Storm, Subject, Test, Type

SHAPES = {"critical": "🔴", "high": "🟠", "medium": "🟡", "low": "🔵", "info": "⚪"}
RESOLVED = "🟢"
_COLOURS = {"critical": 0xCF222E, "high": 0xD9730D, "medium": 0xBF8700, "low": 0x0969DA, "info": 0x6E7781}
NAMED_PODS = 5
_HAPPENED = {
    Type.OPENED: "",
    Type.UPDATED: "Changed: ",
    Type.ESCALATED: "Worse: ",
    Type.ACKNOWLEDGED: "Acknowledged: ",
    Type.RESOLVED: "Resolved: ",
    Type.REGRESSED: "Failing again: ",
}


def headline(notice: Notice) -> str:
    """One line: `🟠 high: crash-oom-limit · Deployment/cart (prod-eu / shop)`."""
    match notice.subject:
        case Diagnosis() as it:
            healed = notice.type is Type.RESOLVED and not it.explained_by
            shape = RESOLVED if healed else SHAPES.get(it.severity, "")
            happened = f"Part of #{it.explained_by}: " if it.explained_by else _HAPPENED[notice.type]
            said = f"{happened}{it.severity}: {it.code} · {it.workload} ({it.place})"
            return f"{shape} {said}".strip()
        case Storm() as it:
            word = "ended" if notice.type is Type.STORM_ENDED else "started"
            return f"🌩 Storm {word} in {it.cluster}: {counted(it.diagnoses, 'diagnosis', 'diagnoses')}"
        case Cluster() as it:
            recovered = notice.type is Type.RECOVERED
            return f"{RESOLVED if recovered else '🔴'} {it.cluster} " + ("is read again" if recovered else "not read")
        case Digest() as it:
            return f"Still open: {counted(it.still_open, 'diagnosis', 'diagnoses')}"
        case Test() as it:
            return f"This is a test of channel {it.channel}"


def sentence(notice: Notice) -> str:
    """What happened, in a sentence or two."""
    match notice.subject:
        case Diagnosis() as it:
            return f"{it.summary} {_standing(notice.type, it)}"
        case Storm() as it:
            alone = "single ones are sent again." if it.ended_at else "single ones are not sent meanwhile."
            pods = counted(it.pods, "pod", "pods")
            return f"{counted(it.diagnoses, 'diagnosis', 'diagnoses')} of {pods}; {alone}"
        case Cluster() as it:
            if notice.type is Type.RECOVERED:
                return "Its diagnoses are current again."
            since = f" since {moment(it.since)}" if it.since else ""
            return f"Nothing is known of it{since}: {it.reason or 'it does not answer'}."
        case Digest() as it:
            return f"{it.opened} opened and {it.resolved} resolved in the last day; {it.still_open} still open."
        case Test() as it:
            return "If you can read this, diagnoses will arrive here" + (f" (asked for by {it.by})." if it.by else ".")


def _standing(type_: Type, it: Diagnosis) -> str:
    if it.explained_by:
        return f"It goes on as a symptom of #{it.explained_by}, which explains it."
    if type_ is Type.RESOLVED and it.resolved_at:
        return f"It lasted {lasting(it.first_seen, it.resolved_at)}."
    return f"({it.confidence})"


def facts(it: Diagnosis) -> Iterator[tuple[str, str]]:
    """Label and value, the most telling first."""
    yield "Workload", str(it.workload) + (f", container {it.container}" if it.container else "")
    yield "Cluster", it.place
    yield "Pods affected", f"{it.pods_affected} of {max(it.pods_total, it.pods_affected)}"
    yield "Since", moment(it.first_seen)
    if it.restarts:
        yield "Restarts", str(it.restarts)
    for change in it.changed[:1]:
        yield "What changed", f"{change.path}: {change.from_ or 'not set'} → {change.to or 'not set'}"


def pods(it: Diagnosis) -> str:
    """The first pods with their status: `cart-1 CrashLoopBackOff, cart-2 Error, +3 more`."""
    named = [f"{pod.name} {pod.status}" for pod in it.pods[:NAMED_PODS]]
    more = it.pods_affected - len(named)
    return ", ".join([*named, f"+{more} more"] if named and more > 0 else named)


def log_lines(it: Diagnosis) -> str:
    """The log that is evidence, if any is."""
    return "\n".join(found.value for found in it.evidence if found.source == "log")


def command(it: Diagnosis) -> str:
    """What to type next."""
    return next(iter((*it.remedy.commands, *it.remedy.verify)), "")


def colour(notice: Notice) -> int:
    """As 0xRRGGBB, beside the word and the shape: green when it is over, else by severity."""
    if notice.type in (Type.RESOLVED, Type.RECOVERED, Type.STORM_ENDED):
        return 0x2DA44E
    match notice.subject:
        case Diagnosis() as it:
            return _COLOURS.get(it.severity, _COLOURS["info"])
        case Storm() | Cluster():
            return _COLOURS["critical"]
    return _COLOURS["info"]


def lines(subject: Subject) -> list[str]:
    """What a storm consists of, or what a digest lists, a line each; nothing of anything else."""
    match subject:
        case Storm():
            return [
                f"{SHAPES.get(each.severity, '')} {each.code}: {counted(each.diagnoses, 'diagnosis', 'diagnoses')}, "
                f"{counted(each.pods, 'pod', 'pods')}, such as {each.example}"
                for each in subject.shares
            ]
        case Digest():
            return [
                f"{SHAPES.get(each.severity, '')} #{each.number} {each.workload} ({each.place}): {each.summary}"
                for each in subject.diagnoses
            ]
        case _:
            return []


def links(subject: Subject) -> list[tuple[str, str]]:
    """Where to go on, as (label, address)."""
    found = [("Open in Sickbay", subject.url)]
    if isinstance(subject, Diagnosis):
        found.append(("Silence", f"{subject.url}?silence=1"))
    return found


def counted(number: int, one: str, many: str) -> str:
    """`1 pod`, `1,200 pods`."""
    return f"{number:,} {one if number == 1 else many}"


def moment(at: datetime) -> str:
    """A time as people read it, in UTC: receivers live in many zones."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def lasting(since: datetime, until: datetime) -> str:
    """`4 min`, `3 h 20 min`, `2 d 4 h`."""
    minutes = max(int((until - since).total_seconds()) // 60, 0)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {rest} min" if hours else f"{rest} min"


def cut(text: str, most: int) -> str:
    """A text of at most so many characters; what is left out shows as an ellipsis."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def tail(text: str, most: int) -> str:
    """The end of a text, whole lines where they fit: the last lines of a log tell the most."""
    if len(text) <= most:
        return text
    end = text[-(most - 1) :]
    _, newline, whole = end.partition("\n")
    return "…" + (whole if newline and whole else end)
