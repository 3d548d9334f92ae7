"""Small cargo projects and what happens to them, by chance: each build with the shim, and without it in a twin."""
