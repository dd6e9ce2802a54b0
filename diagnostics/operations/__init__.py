"""The imperative shell: sweep, follow, record, prune. Reads clusters through `kube`, judges through `engine`, writes rows."""
