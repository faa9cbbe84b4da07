"""Encoded images: their formats, their orientation, and how they are read as people see them."""
