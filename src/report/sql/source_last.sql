SELECT max(last_us) FROM source
