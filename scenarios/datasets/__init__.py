"""Labelled data sets made from a recipe: normal operation, attacked weeks, faulty weeks.

One is made of a sweep's runs, written in several formats, and scores predictions of anyone.
"""
