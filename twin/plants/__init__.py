"""What a plant folder says, read and checked: network, tags, control system, demand profile.

The shipped plants lie here too, a folder each.
"""
