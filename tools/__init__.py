"""Tools that generate the committed documentation and reports. Not part of the installed package."""
