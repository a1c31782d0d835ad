"""Commands for those who change the code: they write files of the repository."""
