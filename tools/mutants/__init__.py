"""Ask whether the tests notice when a line of the package is wrong: mutation testing."""
