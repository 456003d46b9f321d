"""The traditional family: a queue of undelivered copies, pushed, acknowledged and deleted.

| design | a copy is written | accepted when |
|---|---|---|
| `inbox-store-first` | before the push, for every device | all copies are written |
| `inbox-sync-first` | only if the device did not acknowledge in time | every device acknowledged or has its copy |
| `inbox-shared` | before the push, one for all devices of a user (XEP-0160) | all copies are written |

Nothing is kept after delivery, so there is no history for a new device. Places are the server's receipt stamps (as in
XEP-0203), which cost no row of their own.

A push whose ack does not come in time is sent again while its device is believed to be online; what a device has not
acknowledged when it connects it drains from its inbox, page by page. A copy that is being deleted stays in its inbox until
storage has done that.
"""
