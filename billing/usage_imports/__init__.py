"""What providers say they counted: files are read, kept and compared with our own sums.

`columns.py` knows the exports, `reading.py` reads one, `importing.py` keeps it, `names.py` tells
which model is meant. The comparison is in `billing/reports/reconciliation.py`.
"""
