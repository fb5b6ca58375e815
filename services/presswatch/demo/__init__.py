"""`presswatch demo`: articles written for it, a stand-in for Slack, and the check of what came out."""
