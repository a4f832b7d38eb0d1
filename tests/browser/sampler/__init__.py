"""A page with every component on it, so that each can be looked at and tried. Tests only."""
