"""What providers say they counted: files and answers of their APIs are read, kept and compared with
our own sums.

`columns.py` knows the exports and answers, `reading.py` reads a file, `importing.py` keeps it,
`names.py` tells which model is meant, `served.py` what our deployments are billed as. The
comparison is in `billing/reports/reconciliation.py`.

Of APIs: `fetches.py` is who wants which days, and the worker; `fetched.py` asks for all of it and
keeps what is new; `asking.py` has patience and bounds, `anthropic_api.py` and `openai_api.py` are
the vendors, `answers.py` reads their pages.
"""
