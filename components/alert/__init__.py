"""The alert about a finished job on Vertex AI."""
