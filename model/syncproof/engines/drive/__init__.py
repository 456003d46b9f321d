"""Drive real servers: run scripts against them, with real processes and real faults, and record what can be observed.

A *target* is a server and the way to talk to it (`adapter`). A *script* says who sends what and which faults happen
(`scripts`, data). `play` runs one script on one target: the server and every device are processes of their own
(`processes`, `devices`), each device talks to the server through a TCP proxy (`proxy`), everybody notes observations in a
database of its own (`journal`), and `recorder` merges these into one history.

| part | is |
|---|---|
| `adapter` | the class of targets, of which a user can write one |
| `scripts` | the scripts and the steps that they are made of |
| `play` | runs a script on a target |
| `processes` | child processes: started, ready by probing, killed, stopped, never left behind |
| `proxy` | a TCP proxy that swallows, delays and cuts |
| `devices` | the process of a device: an outbox, a database, a checkpoint |
| `actors` | the process of an actor of the model, with its durable fields in SQLite: `server_actor`, `device_actor` |
| `journal`, `recorder` | observations with the time of their clock, and the history made of them |
| `targets` | a file for each target, loaded when it is asked for |
"""
