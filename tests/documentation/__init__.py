"""The documentation: how parts of it are generated, and how tests find the recipes in it."""
