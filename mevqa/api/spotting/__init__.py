"""Expressions in whole videos: spotted, recognised, decoded of saved curves; what is measured for it."""
