"""The answers of a run: what it lacks is answered clip by clip, here or on a cluster, and its costs are estimated."""
