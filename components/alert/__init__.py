"""The exit handler of a job on Vertex AI: sends an alert with the outcome."""
