"""The scenario file: read, checked, explained, and written as templates and as a JSON Schema."""
