"""The twin: the water and its control system; knows no attack and no detector."""
