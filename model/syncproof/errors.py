"""The one kind of error that is a person's to mend."""


class InputError(Exception):
    """Bad input, told in one line: which file, which line or field, what is wrong, what is allowed."""
