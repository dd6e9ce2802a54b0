"""Commands of the web face and of the whole product's start."""
