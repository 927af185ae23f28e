"""Sessions of open pages: their clips and files, uploads, frames and jobs."""
