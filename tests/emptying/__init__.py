"""An app that empties the database after a test that has committed: its `flush`. Tests only."""
