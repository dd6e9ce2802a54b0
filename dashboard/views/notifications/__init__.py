"""The pages about notifications: channels, routes, silences, and the log of deliveries."""
