"""A plant that goes on while people watch it: the control room in a browser and what it shows.

One thread simulates; pages and servers read the last snapshot of it and hand in commands.
"""
