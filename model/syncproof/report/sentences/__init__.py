"""Say in words what a study found. Every sentence is made from the numbers of the result."""
