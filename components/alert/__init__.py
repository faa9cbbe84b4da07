"""The exit handler of a job on Vertex: tells someone how it ended."""
