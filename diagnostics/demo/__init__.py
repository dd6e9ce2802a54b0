"""The demo cluster: a small server that speaks the part of the Kubernetes API that Sickbay and kubectl read.

It serves recorded objects and, on top of them, a story that breaks and heals things while one looks. The tests run
against the same server, scripted. Aside from the layers: imports the standard library, msgspec and
`diagnostics.snapshot`.
"""
