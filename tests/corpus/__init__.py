"""A captured cluster and the truth about it: what a perfect tool would report, and what it must not.

A real cluster (Kubernetes v1.36.2), in which every namespace fails in its own way; some are healthy, `cluster` holds
what belongs to none. The captures were made by `manage.py capture` and are redacted; lists that were empty are left
out. `truth.json` is written by hand and knows nothing of our rules. `make corpus` prints the score.
"""
