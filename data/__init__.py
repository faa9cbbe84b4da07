"""The records: layout, schema, sources, import, and the embedded sample."""
