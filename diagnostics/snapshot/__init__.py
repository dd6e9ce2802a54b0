"""Typed, immutable pictures of Kubernetes objects and what can be computed from them alone.

Layer 0: imports the standard library and msgspec, never Django, the network or the clock.
"""
