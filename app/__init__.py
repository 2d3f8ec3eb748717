"""The roof: command line, settings, wiring, the scheduler and the demo."""
