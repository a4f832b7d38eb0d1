"""Plans and credit that people pay for, by Stripe. The only importer of `stripe`.

    services.py    * START HERE: what pages and tasks may call
    client.py      one client per process; Stripe's errors as ours · catalogue.py  what is sold
    customers.py requests.py       our rows behind everything that is asked of Stripe
    checkout.py portal.py changes.py downgrades.py topup.py overage.py closing.py   asking
    webhooks.py nudge.py events.py         being told: a notice is a hint, the table is the queue
    fetching.py -> mirror.py standing.py grants.py findings.py -> sync.py   looking, writing down
    reconcile.py   looking without having been told

Stripe decides the plan, the ledger decides what may be spent. A notice only says *whose* state
changed: `sync` asks Stripe and writes what it answers, so that notices that come twice, late, in
another order or never do no harm.
"""
