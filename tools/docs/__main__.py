"""`python -m tools.docs`: rewrite the pages that are stale, and print their paths."""

from tools.docs import pages

if __name__ == "__main__":
    for path in pages.write():
        print(path)
