"""`python -m syncproof`, where the console script is not on the path."""

from syncproof.cli import main

main()
