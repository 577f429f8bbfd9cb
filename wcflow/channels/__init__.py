"""Ways out that are not the store: e-mail, apprise, and pings of a monitor."""
