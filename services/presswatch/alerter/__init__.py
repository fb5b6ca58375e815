"""From matches to messages: `decide` says what alerts, `deliver` brings it to Slack, once."""
