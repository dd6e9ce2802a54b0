"""Nodes that are closed to the pod: by taints that it does not tolerate, by cordons."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec

from diagnostics.rules.model import Finding, Offender, Rule, Severity, Stage
from diagnostics.rules.scheduling.case import Case
from diagnostics.rules.scheduling.fit import CORDONED, NATIVE, TAINT, NodeFit
from diagnostics.rules.scheduling.wording import NODE_STATES, SHOWN, counted, listed
from diagnostics.rules.subject import TEMPLATE_PATHS
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.objects import Taint
from diagnostics.snapshot.placement import Toleration

UNTOLERATED_TAINT = Rule(
    code=TAINT,
    severity=Severity.HIGH,
    stage=Stage.SCHEDULING,
    message="{closed_nodes} the taint {taint}, which {workload_name} does not tolerate{others}.",
    cause="{pool}{nodes}A taint keeps every pod off that does not tolerate it; such nodes are usually set apart on"
    " purpose.",
    remedy="{would_fit}If the pod belongs there, add the toleration; if not, let it use other nodes; if nothing else"
    " needs the taint, remove it.",
    commands=(
        "kubectl -n {namespace} patch {workload} --type=merge -p {patch}",
        "kubectl taint nodes {closed_node} {taint_key}-",
    ),
    verify=("kubectl get nodes -o custom-columns=NAME:.metadata.name,TAINTS:.spec.taints",),
    visible_after=timedelta(minutes=1),
    notify_after=timedelta(minutes=5),
    references=("https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/",),
)
# The node controller set the taint because of the node's state: tolerating it would only hide that.
BROKEN_NODE = replace(
    UNTOLERATED_TAINT,
    message="{closed_nodes} the taint {taint}: {state}{others}.",
    cause="{pool}{nodes}Kubernetes itself sets this taint and removes it when the node has recovered.",
    remedy="{would_fit}Mend the node, or let the pod use other nodes.",
    commands=("kubectl describe node {closed_node}",),
)
CORDON = Rule(
    code=CORDONED.code,
    severity=Severity.MEDIUM,
    stage=Stage.SCHEDULING,
    message="{closed_nodes} been cordoned{others}.",
    cause="{pool}{nodes}A cordoned node (spec.unschedulable) takes no new pods: somebody, or a drain, closed it.",
    remedy="{would_fit}Uncordon the node when the work on it is done, or add nodes.",
    commands=("kubectl uncordon {closed_node}",),
    verify=("kubectl get nodes",),
    visible_after=timedelta(minutes=1),
    notify_after=timedelta(minutes=5),
    references=("https://kubernetes.io/docs/concepts/nodes/node/#manual-node-administration",),
)
# Where no node could be read there is none to name.
UNREAD_TAINT = replace(
    UNTOLERATED_TAINT,
    message="Every node that {workload_name} may use has a taint that it does not tolerate{stated_taint}.",
    cause="{nodes}Which node has which taint could not be checked.",
    commands=("kubectl get nodes -o custom-columns=NAME:.metadata.name,TAINTS:.spec.taints",),
)
UNREAD_CORDON = replace(
    CORDON,
    message="Every node that {workload_name} may use has been cordoned.",
    cause="{nodes}Which nodes are cordoned could not be checked.",
    commands=("kubectl get nodes",),
)
RULES = (UNTOLERATED_TAINT, CORDON)

_NAMED_TAINT = re.compile(r"\{(?P<key>[^:}]+): ?(?P<value>[^}]*)\}")
# Added to every pod by admission; a template that repeated them would say nothing new.
_DEFAULT_TOLERATIONS = frozenset({"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"})


def explain_taint(case: Case) -> Finding:
    """A pod that may only use nodes with a taint that it does not tolerate."""
    key = case.cause.detail or _commonest_taint(case)
    fits = [fit for fit in case.meant if any(taint.key == key for taint in fit.taints)]
    if not fits:
        return case.finding(UNREAD_TAINT, field="tolerations", stated_taint=_stated_taint(case))
    taint = next(taint for taint in fits[0].taints if taint.key == key)
    return case.finding(
        BROKEN_NODE if key in NODE_STATES else UNTOLERATED_TAINT,
        *(case.quote_node(fit, "spec.taints", ", ".join(map(str, fit.taints))) for fit in fits[:SHOWN]),
        offender=Offender("Node", fits[0].name, path="spec.taints"),
        signature=key,
        taint=taint,
        taint_key=key,
        state=NODE_STATES.get(key, ""),
        patch=_toleration_patch(case.suspect, taint),
        words=_closed(case, fits),
    )


def explain_cordon(case: Case) -> Finding:
    """A pod that may only use nodes that were cordoned."""
    fits = [fit for fit in case.meant if CORDONED in fit.blockers]
    if not fits:
        return case.finding(UNREAD_CORDON)
    return case.finding(
        CORDON,
        *(case.quote_node(fit, "spec.unschedulable", "true") for fit in fits[:SHOWN]),
        offender=Offender("Node", fits[0].name, path="spec.unschedulable"),
        words=_closed(case, fits),
    )


def _closed(case: Case, fits: Sequence[NodeFit]) -> dict[str, Any]:
    """The words for the nodes that are closed, among those that the pod may use at all."""
    name, of = case.suspect.workload.name, len(case.meant)
    names = listed([fit.name for fit in fits])
    if of == 1:
        closed = f"The only node that {name} may use, {names}, has"
    elif len(fits) == of:
        closed = f"All {of} nodes that {name} may use ({names}) have"
    else:
        closed = f"{len(fits)} of the {of} nodes that {name} may use ({names}) {'has' if len(fits) == 1 else 'have'}"
    rest = of - len(fits)
    others = f"; the other {rest} {'is' if rest == 1 else 'are'} closed to it too" if rest else ""
    return {"closed_nodes": closed, "closed_node": fits[0].name, "others": others, "pool": _pool(case)}


def _pool(case: Case) -> str:
    """Why the pod may use no other node, where its own demands say so."""
    trial = case.trial
    reasons = []
    if len(trial.selected) < len(trial.fits):
        demands = [str(demand) for alternative in trial.alternatives for demand in alternative]
        reasons.append(f"its node selector or affinity demands {listed(demands)}")
    if len(trial.allowed) < len(trial.selected):
        reasons.append(f"no other offers {listed([name for name in trial.demands if name not in NATIVE])}")
    if not reasons:
        return ""
    may_use = listed([fit.name for fit in trial.allowed])
    return f"The pod may use {counted(len(trial.allowed), 'node')} ({may_use}), because {' and '.join(reasons)}. "


def _commonest_taint(case: Case) -> str:
    keys = Counter(taint.key for fit in case.meant for taint in fit.taints)
    return keys.most_common(1)[0][0] if keys else ""


def _stated_taint(case: Case) -> str:
    """The taint as older schedulers named it: `untolerated taint {dedicated: gpu}`."""
    named = (_NAMED_TAINT.search(reason.text) for reason in case.trial.refusal.reasons)
    return next((f": {found['key']}={found['value']}".rstrip("=") for found in named if found), "")


def _toleration_patch(suspect: Suspect, taint: Taint) -> str | None:
    """A merge patch that adds the toleration to those that the template has; None for a kind without a known one."""
    path = TEMPLATE_PATHS.get(suspect.workload.kind)
    if path is None:
        return None
    wanted = Toleration(
        key=taint.key, operator="Equal" if taint.value else "Exists", value=taint.value, effect=taint.effect
    )
    kept = (own for own in suspect.pod.spec.tolerations if own.key not in _DEFAULT_TOLERATIONS)
    patch: object = {"tolerations": [_written(toleration) for toleration in (*kept, wanted)]}
    for field in reversed(path.split(".")):
        patch = {field: patch}
    return json.dumps(patch, separators=(",", ":"))


def _written(toleration: Toleration) -> dict[str, Any]:
    """As a manifest says it, without what is empty."""
    return {field: value for field, value in msgspec.to_builtins(toleration).items() if value not in ("", None)}


EXPLAINED: dict[str, Callable[[Case], Finding]] = {TAINT: explain_taint, CORDONED.code: explain_cordon}
