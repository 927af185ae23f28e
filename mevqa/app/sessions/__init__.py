"""What belongs to one open page: its session, its uploads and frames, and the jobs that it runs."""
