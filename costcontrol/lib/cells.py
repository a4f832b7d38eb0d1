"""What a spreadsheet does with an exported cell."""

WIDE = ("\uff1d", "\uff0b", "\uff0d", "\uff20")  # East Asian ones, which some read as the narrow
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", *WIDE)


def guarded(text: str) -> str:
    """The same text, which no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text
