"""Where payments come from."""
