"""A sweep told in pictures that each answer a question, on one page of its own.

Which are drawn follows from the table: the fields that were swept, the detectors, the attacks.
"""
