"""The parts of the documentation that stand in code: tables and diagrams, written between markers of the pages.

    <!-- generated: NAME -->
    ...
    <!-- end -->

`make docs`, which is `python -m tools.docs`, rewrites what stands between them. The prose around is written by hand, in the
same file. This package is no part of `syncproof`, because who installs syncproof does not have the pages.
"""
