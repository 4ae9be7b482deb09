"""The twin against records and other simulators: fidelity, lead times, re-enactments, speed."""
