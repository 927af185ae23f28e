"""From footage to pictures: exact frames, aligned faces, sampled moments, motion, views."""
