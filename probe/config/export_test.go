package config

// ForgetPlaces forgets where in the file things stand.
func (c *Config) ForgetPlaces() { c.places = nil }
