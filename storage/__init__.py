"""What we remember: the only room with SQL (the embedded books keep their own file)."""
