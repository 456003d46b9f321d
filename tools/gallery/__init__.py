"""The gallery of committed reports: make them and their index, and list those that are stale.

`make reports`, which is `python -m tools.gallery`, makes every entry of `ENTRIES` (`entries.py`) in a folder of `reports/` and
writes the index around them: `README.md`, `index.html`, and `index.json` for `make check-reports`, which is `python -m
tools.gallery --check`. The HTML pages are made and not committed.

Real traffic is not part of the repository, so its entries are made only if `--traces` names the folder with the files;
otherwise their former reports stay. Finished pieces of work are kept in `out/reports`, so that an interrupted gallery goes
on where it was; a piece that was made from other sources is made again. If an entry fails, its former report stays and the
other entries are made. `run.json`, which has the times of this machine, is not committed.

The index has a fingerprint of what each entry was made from. A report is stale if a scenario, a design's promises, a
metric, a property, a claim or the results' schema has changed since, or if a repeated run gives other numbers. A change of
the pages' appearance alone is not detected.
"""
