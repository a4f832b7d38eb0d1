"""The catalogues of Korean and English: which sentences the product has, and what they are there.

extract.py    every sentence that code and templates mark for translation
files.py      the .po files that people edit, and the .mo files that Django reads

A tool for developers: `make messages`. It needs Babel, and no gettext on the machine.
"""
