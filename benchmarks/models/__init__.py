"""What the models are measured by: lengths, people, the car fit."""
