"""`manage.py` commands: thin wrappers that turn options into calls and errors into exit codes."""
