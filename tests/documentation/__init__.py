"""What users read: what of it is generated, and how tests find the recipes in it."""
