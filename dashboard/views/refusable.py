"""Forms whose values an operation may still refuse: what cannot be is said beside the field that it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django import forms
from django.utils.translation import gettext as _

from diagnostics.operations.refusing import Invalid
from diagnostics.operations.triaging import Changed

Made = TypeVar("Made")

INVALID = 422  # The status of a page whose form says what is wrong.


def sentence(text: str) -> str:
    """What msgspec says, for people: without the path, as a sentence; what is one already stays."""
    said = text.partition(" - at `")[0].replace("`", "")
    return f"{said[:1].upper()}{said[1:].removesuffix('.')}."


class RefusableForm(forms.Form):
    """A form that hands its values to an operation."""

    def takes(self, act: Callable[[], object]) -> bool:
        """Whether the operation took them; if not, the form says why."""
        return self.taken(lambda: (act(),)) is not None

    def taken(self, act: Callable[[], Made]) -> Made | None:
        """What the operation made of them; None if it refused, and then the form says why."""
        try:
            return act()
        except Invalid as error:
            self.refuse(error)
        except Changed:
            self.add_error(None, _("Somebody else changed it meanwhile. Open it again to see how it is now."))
        return None

    def refuse(self, error: Invalid) -> None:
        """Puts what cannot be beside the fields it is about."""
        for name, texts in error.errors.items():
            for text in texts:
                self.add_error(name if name in self.fields else None, sentence(text))
