"""Staff pages. Reads every app, owns no table."""
