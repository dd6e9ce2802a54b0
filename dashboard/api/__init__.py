"""The REST API: `/api/v1/` of the public contract. Reads come from `diagnostics.queries`, writes from its operations."""

ROOT = "/api/"  # Below it programs are answered: in JSON, and in UTC.
