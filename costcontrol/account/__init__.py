"""The customer's own pages: usage, plan, invoices, keys, people, login. They own no tables."""
