"""Months of debates replayed through the real gateway, to check what is saved: docs/replay.md."""
