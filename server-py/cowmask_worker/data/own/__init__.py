"""Images of the user's own: a folder, a table, or arrays, taken in as a dataset under a name."""
