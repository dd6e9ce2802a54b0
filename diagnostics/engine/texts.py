"""Fills a rule's templates: sentences as they are, commands with every value quoted for the shell."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from functools import cache
from string import Formatter

from diagnostics.rules.model import Finding
from diagnostics.rules.subject import Subject

# Kinds that `kubectl set` and `kubectl rollout` can change; for any other a command of theirs would only fail.
_ROLLED = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
_ROLLING_VERBS = (" set ", " rollout ")


class _Quoted:
    """The words as a shell takes them, each quoted: names and messages come from the cluster."""

    def __init__(self, words: Mapping[str, object]) -> None:
        self._words = words

    def __getitem__(self, name: str) -> str:
        return shlex.quote(str(self._words[name]))


@cache
def _named(template: str) -> frozenset[str]:
    """The words that a template names."""
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name)


class Texts:
    """The texts of one finding about one subject."""

    def __init__(self, subject: Subject, finding: Finding) -> None:
        self._rolled = subject.workload.kind in _ROLLED
        self._words: dict[str, object] = {
            **subject.words,
            "kubectl_context": subject.snapshot.context,
            "container": finding.container,
            **finding.params,
        }

    def sentence(self, template: str) -> str:
        """A filled template; raises KeyError for a word that neither the suspect nor the finding offers."""
        return template.format_map(self._words)

    def commands(self, templates: tuple[str, ...]) -> tuple[str, ...]:
        """Commands to copy, with `--context` where one is used.

        Without those that the workload's kind refuses, and those of which a word is None: not this case's.
        """
        quoted = _Quoted(self._words)
        kubectl = "kubectl --context {kubectl_context} " if self._words["kubectl_context"] else "kubectl "
        return tuple(
            template.replace("kubectl ", kubectl).format_map(quoted)
            for template in templates
            if self._applies(template)
        )

    def _applies(self, template: str) -> bool:
        if any(self._words[name] is None for name in _named(template)):
            return False
        return self._rolled or not ("{workload}" in template and any(verb in template for verb in _ROLLING_VERBS))
