"""What accounts tell the apps above them. Sent inside the transaction of the change: a receiver
that raises one of `costcontrol.lib.errors` undoes it and says why; what cannot be undone (a request
to somebody else's server, a deleted file) belongs into `transaction.on_commit`.
"""

from django.dispatch import Signal

# user, at. Sent before the row becomes an anonymous shell; the end users that the account brought
# (`user.end_users`) are closed with it.
account_closed = Signal()

# organisation, at. Sent before the row is deleted; its members are still there.
organisation_closed = Signal()

# user: they joined an organisation or are no member any more, so that somebody else pays.
payer_changed = Signal()

# old, new (both ApiKey), at. Whatever holds for the old key holds for the new one.
key_rotated = Signal()
