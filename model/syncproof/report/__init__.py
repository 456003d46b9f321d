"""Show what a study found: on a terminal, in Markdown, as one HTML page. Nothing here computes a result.

Each study has a page of its name (`compare`, `verify`, `kill_matrix`, `sweep`, `size`), a module with the same functions:

| function | returns or does |
|---|---|
| `html`, `markdown` | the whole report |
| `fragment` | what a notebook shows |
| `text` | the answer in a few lines |
| `write` | writes the report's files into a folder |
| `show` | prints the short form on a terminal |
"""
