"""Whole debates: who speaks when, what they are told, and the worker that lets them speak."""
