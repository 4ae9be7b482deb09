"""The control system: sensors, PLCs, links and SCADA, and the taps on what they send."""
