"""Say what a study found in words. Every sentence is made from the numbers of the result."""
