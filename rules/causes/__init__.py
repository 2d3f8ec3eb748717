"""The causes, one file each, named by its id."""
