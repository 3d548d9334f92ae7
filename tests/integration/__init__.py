"""Real builds with real tools."""
