"""A plant folder made from an EPANET file: its controls and rules as PLC logic."""
