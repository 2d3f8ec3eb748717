"""The books people keep; each connector stands behind the `Books` port."""
