"""Who of the staff is told what, when, and whether it arrived: docs/alerts.md.

`evaluation.evaluate` asks every rule once a minute; `opening` and `states` keep one row for each
thing that happens; `deliveries` brings it to the channels. Money that customers are told of is in
`billing/alerts.py`, not here.
"""
