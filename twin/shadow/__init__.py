"""What physics says of a frame: the demands that explain it, and what they leave unexplained.

`inference` solves hourly frames exactly and one by one; `twin` runs beside a SCADA's frames.
"""
