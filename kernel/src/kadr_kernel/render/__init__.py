"""Project > timeline > graph > spans > segments > schedule > join > verify.

Everything up to the schedule is a pure function of project, media facts and declarations.
"""
