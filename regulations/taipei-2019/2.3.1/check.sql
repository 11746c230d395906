-- 2.3.1: the inventory: what instruments saw must be in it (log sources and
-- their hosts), and what is in it has an owner or custodian in office.
WITH people AS (
  SELECT agency, key AS person,
    CASE WHEN voided = 1 OR status = 'left' AND left_on IS NULL THEN 0
      WHEN employed_on > coalesce(min(left_on, moved_on), left_on, moved_on)
        THEN NULL
      ELSE coalesce(min(left_on, moved_on), left_on, moved_on)
    END AS until_us
  FROM person
  WHERE effective_us <= :at),
senders AS (
  SELECT agency, key, host
  FROM log_source
  WHERE effective_us <= :at AND voided = 0),
seen AS (
  SELECT s.id, s.agency, s.sender, s.host, s.first_us,
    CASE WHEN s.last_us <= :at THEN s.last_us ELSE coalesce((
      SELECT max(CASE WHEN r.last_us <= :at THEN r.last_us
                      ELSE r.first_us END)
      FROM rollup_day AS r
      WHERE r.source = s.id AND r.first_us <= :at), s.first_us) END
      AS last_us,
    l.key AS log_source, l.host AS log_host
  FROM source AS s
  LEFT JOIN senders AS l
    ON l.agency = s.agency AND l.key = s.log_source
  WHERE s.first_us <= :at),
hosts AS (
  SELECT agency, key, name, custodian, address,
    CASE
      WHEN voided = 1 AND coalesce(ground, '') = '' THEN 'voided'
      WHEN voided = 1 THEN 'removed'
      ELSE 'live'
    END AS scope
  FROM host
  WHERE effective_us <= :at),
host_known AS (
  SELECT s.id
  FROM seen AS s
  JOIN hosts AS h ON h.agency = s.agency AND h.scope = 'live'
    AND (lower(h.name) = lower(s.host) OR h.key = s.log_host
      OR instr(' ' || h.address || ' ', ' ' || s.sender || ' ') > 0)
  GROUP BY s.id),
owned AS (
  SELECT s.agency, 'system/' || s.key AS subject, s.name,
    CASE
      WHEN s.voided = 1 AND coalesce(s.ground, '') = '' THEN 'voided'
      WHEN s.voided = 1 OR s.retired_on <= :at THEN 'removed'
      WHEN s.owner IS NULL THEN 'no_owner'
      WHEN p.person IS NULL OR p.until_us <= :at THEN 'owner_left'
      WHEN p.until_us - :window_days * 86400000000 <= :at THEN 'leaves_soon'
    END AS problem, p.until_us
  FROM system AS s
  LEFT JOIN people AS p ON p.agency = s.agency AND p.person = s.owner
  WHERE s.effective_us <= :at
  UNION ALL
  SELECT h.agency, 'host/' || h.key, h.name,
    CASE
      WHEN h.scope <> 'live' THEN h.scope
      WHEN h.custodian IS NULL THEN 'no_custodian'
      WHEN p.person IS NULL OR p.until_us <= :at THEN 'custodian_left'
      WHEN p.until_us - :window_days * 86400000000 <= :at THEN 'leaves_soon'
    END, p.until_us
  FROM hosts AS h
  LEFT JOIN people AS p ON p.agency = h.agency AND p.person = h.custodian),
rowset AS (
  SELECT agency, subject, name AS title, name, NULL AS sender, NULL AS host,
    NULL AS first_us, NULL AS last_us, until_us, NULL AS source, problem
  FROM owned
  UNION ALL
  SELECT s.agency, 'source/' || s.id, s.sender || ' ' || s.host, NULL,
    s.sender, s.host, s.first_us, s.last_us, NULL, s.id,
    CASE
      WHEN s.log_source IS NOT NULL AND (k.id IS NOT NULL OR s.host = ''
        OR s.sender = 'beimen') THEN NULL
      WHEN s.last_us + :window_days * 86400000000 <= :at THEN
        CASE WHEN s.log_source IS NULL THEN 'uninventoried_silent'
          ELSE 'unknown_host_silent' END
      WHEN s.log_source IS NULL THEN 'uninventoried'
      ELSE 'unknown_host'
    END
  FROM seen AS s
  LEFT JOIN host_known AS k ON k.id = s.id)
SELECT
  agency,
  subject,
  title AS subject_title,
  CASE
    WHEN problem IS NULL THEN 'met'
    WHEN problem = 'removed' THEN 'n/a'
    WHEN problem = 'leaves_soon' THEN 'due'
    WHEN problem IN ('voided', 'uninventoried_silent', 'unknown_host_silent')
      THEN 'unknown'
    ELSE 'unmet'
  END AS state,
  CASE
    WHEN problem IN ('uninventoried', 'unknown_host') THEN first_us
    WHEN problem IN ('owner_left', 'custodian_left')
      THEN nullif(until_us, 0)
    WHEN problem = 'leaves_soon' THEN until_us - :window_days * 86400000000
    WHEN problem IN ('uninventoried_silent', 'unknown_host_silent')
      THEN last_us + :window_days * 86400000000
  END AS since,
  CASE WHEN problem = 'leaves_soon' THEN until_us END AS due,
  problem,
  json_object(
    'name', name, 'sender', sender, 'host', host, 'first_us', first_us,
    'last_us', last_us, 'until_us', nullif(until_us, 0), 'source', source,
    'next_us', CASE
      WHEN problem IN ('uninventoried', 'unknown_host')
        THEN last_us + :window_days * 86400000000
      WHEN problem = 'leaves_soon' THEN until_us
      WHEN problem IS NULL THEN until_us - :window_days * 86400000000 END,
    'identity', CASE WHEN source IS NOT NULL THEN
      json_array('source/' || source) END) AS evidence
FROM rowset
ORDER BY agency, subject
