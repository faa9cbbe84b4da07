"""Playing a compiled job here, as Vertex AI Pipelines would: with the commands it would run."""
