"""The journey of a payment, one file per step; steps hand over by rows."""
