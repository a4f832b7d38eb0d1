"""One machine's processes: checked first, started in order, kept alive, stopped without orphans."""
