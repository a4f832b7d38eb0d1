"""Django's SQLite, with more patience in smaller pieces: `base.py`."""
