"""The parts of the documentation that stand in code: tables and diagrams, written between markers of the pages.

    <!-- generated: NAME -->
    ...
    <!-- end -->

`make docs` (`python -m generate`, with `docs/` on the path) rewrites what stands between them. The prose around is
written by hand, in the same file, so that a page reads as one. It is a package of its own beside the pages, and no part of
`syncproof`, because nobody who installs syncproof has the pages that it writes.
"""
