"""Log signatures: what programs say when they fail, found in a container's last words (catalogue C)."""

from diagnostics.rules.signatures.last_words import LastWords
from diagnostics.rules.signatures.search import SIGNATURES, Match, search
from diagnostics.rules.signatures.signature import Signature, Weight

__all__ = ["SIGNATURES", "LastWords", "Match", "Signature", "Weight", "search"]
