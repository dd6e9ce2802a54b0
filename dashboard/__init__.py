"""The Django project and its web face: settings, processes, pages, REST and live signals. It stores nothing itself."""
