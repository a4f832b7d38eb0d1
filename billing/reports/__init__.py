"""Reads: one module per question, each returning frozen values."""
