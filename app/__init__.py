"""The roof: command line, settings, wiring, the alarm clock and the demo."""
