"""The pages: each view reads through `diagnostics.queries` and renders one template."""
