"""One file per family of commands; each reads its arguments, calls a room, and prints."""
