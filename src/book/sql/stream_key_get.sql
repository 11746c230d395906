SELECT destroyed, custodian FROM stream_key
WHERE agency = :agency AND key = :key
