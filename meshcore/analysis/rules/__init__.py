"""Our own analyzers: rules without effect, and settings that do something else than they seem to."""
