"""Reading of answers: labels, action units, numbers and events in what a model or a person wrote."""
