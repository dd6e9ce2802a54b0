"""What Sickbay knows of failing pods: reading clusters, judging, storing. See ARCHITECTURE.md for the layers."""
