"""The kinds of attack that ship, a family a file.

A class under `@register` here is known to scenario files at once.
"""
