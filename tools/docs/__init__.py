"""The generator of the documentation's tables and diagrams, which are made from code and written between markers.

    <!-- generated: NAME -->
    ...
    <!-- end -->

`make docs`, which is `python -m tools.docs`, rewrites the text between the markers. The other text of a page is written by
hand, in the same file. This package is not part of `syncproof`, because an installation does not contain the pages.
"""
