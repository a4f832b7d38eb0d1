"""Finds text that people see and that is not marked for translation: in templates, code, forms."""
