"""Labs for a class: a folder for each student, drawn by a course key, and the grader of what is
handed in. `course.py` lists the labs; each is a file of its own, with its sheet in `sheets/`.
"""
