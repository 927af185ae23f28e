"""The pictures of clips: drawn ahead by several processes, and stored so that no run or training draws them twice."""
