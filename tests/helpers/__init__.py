"""What several tests share. Import it by its full name: `from tests.helpers.stage import Stage`."""
