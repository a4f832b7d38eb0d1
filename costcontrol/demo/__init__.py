"""Three months of a made-up debate platform, played through the real gateway."""
