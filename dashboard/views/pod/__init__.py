"""The page of one pod, its logs and its YAML; the log viewer serves the page of a diagnosis, too."""
