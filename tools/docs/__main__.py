"""`python -m generate`: rewrites the pages that are stale, and names them."""

from tools.docs import pages

if __name__ == "__main__":
    for path in pages.write():
        print(path)
