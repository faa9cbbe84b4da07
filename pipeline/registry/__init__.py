"""The versions of a model, their origin, and the artifacts that can go."""
