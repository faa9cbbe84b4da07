"""The versions of a model, their lineage, and the removal of artifacts."""
