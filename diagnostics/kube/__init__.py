"""Reading clusters: the only package that knows the Kubernetes client. It reads, and never judges or changes anything.

Layer 3: imports `diagnostics.snapshot`, kubernetes, urllib3 and msgspec; never rules, engine or Django. Importing it
costs nothing: the client, the slowest import by far, is loaded when a cluster is first opened.
"""
