"""Fine-tuning: recipes, packed training, leave-one-subject-out, merging."""
