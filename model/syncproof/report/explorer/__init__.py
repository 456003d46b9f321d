"""Step through a small world in a browser: which moves are possible, what each would do, and what every property says.

| module | does |
|---|---|
| `address.py` | the name of a way: the codes of its moves, and where on it the reader stands |
| `walk.py` | the world at the end of a way, and the moves that are possible there |
| `facts.py` | a world as short texts, and what differs between two worlds |
| `view.py` | what the page shows of a place, as data |
| `runs.py` | ways to jump to: counterexamples, and shortest runs in which a situation is met |
| `page.py` | the page, served or as one static file |
| `server.py` | the server, which listens on this machine alone |

A view is a function of the world and the way. So the server keeps nothing between two requests, and a static page holds the
views of one way.
"""
