"""Records: their layout, their schema, the embedded sample, and where data comes from."""
