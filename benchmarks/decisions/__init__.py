"""What the loop's decisions are worth: each simulated many times, beside what it should reach."""
