"""The loop: notice, retrain, challenge, judge, promote or reject; and the year it plays."""
