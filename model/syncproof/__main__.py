"""`python -m syncproof`, where the console script is not on the path."""

from syncproof.cli.main import main

main()
