"""`manage.py prove`: real calls, real processes, real crashes, against a budget that must hold."""
