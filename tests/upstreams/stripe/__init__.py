"""A stand-in for Stripe, over HTTP, that keeps state: what a test buys is there when it asks again.

It is driven through the real `stripe` SDK only, and held to it on both sides: what comes in is
checked against the SDK's parameter types (`params.py`), what goes out against its classes
(`shapes.py`). Run one with `python -m tests.upstreams.stripe --port 8421`, or take the fixture in
`tests/services/stripe.py`. `/_fake/…` moves its clock and breaks its deliveries (`control.py`).

No money exists here; every hosted page says so.

What it does not do, or does in a simpler way than Stripe:
- months and years are those of the calendar, counted from the first day of the subscription (the
  31st becomes the 28th in February and the 31st again in March); Stripe does the same
- no tax, no shipping, no Connect, no usage meters, no tiered prices
- proration is linear, by the second, rounded half up for each line
- a renewal's invoice is finalized and charged at once, not an hour later
- one card of the customer pays everything: the subscription's default, else the customer's
- a failed renewal is tried again after 1, 3 and 7 days and then cancels (`/_fake/settings` can
  change it)
- a delivery that fails is tried again after 1, 2, 4 … hours, for three days
- while an upgrade waits for its payment only the new items wait; discounts and trials apply at once
"""
