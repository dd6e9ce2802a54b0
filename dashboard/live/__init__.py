"""The browser's half of live updates: what changed is told to every open tab of this web process, never what it says."""
