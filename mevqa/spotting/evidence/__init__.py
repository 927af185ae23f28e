"""From the times that a spotter proposes to events: motion of the regions, action units, times at full frame rate."""
