"""Files as portals export them: a map says which of their columns and words mean what, and the file is read by it."""
