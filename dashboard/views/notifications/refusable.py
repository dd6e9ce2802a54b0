"""Forms whose values an operation may still refuse: what cannot be is said beside the field that it is about."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.utils.translation import gettext as _

from dashboard.views.notifications.matcher_rows import sentence
from diagnostics.operations.refusing import Invalid
from diagnostics.operations.triaging import Changed

INVALID = 422  # The status of a page whose form says what is wrong.


class RefusableForm(forms.Form):
    """A form that hands its values to an operation."""

    def takes(self, act: Callable[[], object]) -> bool:
        """Whether the operation took them; if not, the form says why."""
        try:
            act()
        except Invalid as error:
            self.refuse(error)
        except Changed:
            self.add_error(None, _("Somebody else changed it meanwhile. Open it again to see how it is now."))
        else:
            return True
        return False

    def refuse(self, error: Invalid) -> None:
        """Puts what cannot be beside the fields it is about."""
        for name, texts in error.errors.items():
            for text in texts:
                self.add_error(name if name in self.fields else None, sentence(text))
