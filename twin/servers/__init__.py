"""Servers that show PLCs to other programs in the protocols of the trade, Modbus/TCP and OPC UA.

They know no plant: each is handed a function that reads a PLC's image and one that takes writes.
"""
