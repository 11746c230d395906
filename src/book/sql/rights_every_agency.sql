SELECT key, '' FROM agency ORDER BY key
