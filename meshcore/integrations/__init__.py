"""What joins the engine to servers, frameworks and clients: I/O only.

Each module needs the library that it is named after, and nothing here imports them all.
"""
