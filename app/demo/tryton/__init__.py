"""A real Tryton server for the demo, on this machine only: started, set up as an administrator would, worked in, ended."""
