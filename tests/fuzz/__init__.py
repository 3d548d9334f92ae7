"""Small cargo projects with random histories: each build is made with the shim, and without it in a twin."""
