"""What would it have cost? Calls of the past under other rules; no provider is asked."""
