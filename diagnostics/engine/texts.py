"""Fills a rule's templates: sentences as they are, commands with every value quoted for the shell."""

from __future__ import annotations

import shlex
from string import Formatter

from diagnostics.rules.model import Finding
from diagnostics.rules.subject import Subject

# Kinds that `kubectl set` and `kubectl rollout` can change; for any other a command of theirs would only fail.
_ROLLED = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
_ROLLING_VERBS = (" set ", " rollout ")


class _Shell(Formatter):
    """Formats like `str.format`, with each value quoted: names and messages come from the cluster."""

    def format_field(self, value: object, format_spec: str) -> str:
        return shlex.quote(format(value, format_spec))


_SHELL = _Shell()


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
        kubectl = "kubectl --context {kubectl_context} " if self._words["kubectl_context"] else "kubectl "
        return tuple(
            _SHELL.vformat(template.replace("kubectl ", kubectl), (), self._words)
            for template in templates
            if self._applies(template)
        )

    def _applies(self, template: str) -> bool:
        if any(name and self._words[name] is None for _, name, _, _ in _SHELL.parse(template)):
            return False
        return self._rolled or not ("{workload}" in template and any(verb in template for verb in _ROLLING_VERBS))
