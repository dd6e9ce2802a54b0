"""The REST API: `/api/v1/` of the public contract. Reads come from `diagnostics.queries`, writes from its operations."""
