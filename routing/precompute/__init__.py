"""Answers that are made ahead of demand, at the price of batches: docs/precompute.md.

    demand -> estimate -> (somebody says yes) -> machine: level by level, batch by batch -> report
"""
