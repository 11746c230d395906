-- 3.1: each agency has a responsibility level and the date of its approval.
WITH levels AS (
  SELECT key AS agency, name, level, level_approved AS approved_us,
    months_before(level_approved, -:review_months) AS review_us
  FROM agency
  WHERE effective_us <= :at AND voided = 0),
judged AS (
  SELECT l.*, months_before(review_us, :warn_months) AS warn_us,
    CASE
      WHEN level IS NULL THEN 'no_level'
      WHEN approved_us IS NULL OR approved_us > :at THEN 'unapproved'
      WHEN review_us <= :at THEN 'review_old'
      WHEN months_before(review_us, :warn_months) <= :at THEN 'review_soon'
    END AS problem
  FROM levels AS l)
SELECT
  agency,
  'level' AS subject,
  name AS subject_title,
  CASE
    WHEN problem IS NULL THEN 'met'
    WHEN problem = 'review_soon' THEN 'due'
    WHEN problem = 'unapproved' THEN 'unmet'
    ELSE 'unknown'
  END AS state,
  CASE problem
    WHEN 'review_old' THEN review_us
    WHEN 'review_soon' THEN warn_us
  END AS since,
  CASE WHEN problem IS NULL OR problem IN ('review_soon', 'review_old')
    THEN review_us END AS due,
  problem,
  json_object(
    'name', name, 'level', level, 'approved_us', approved_us,
    'review_us', review_us, 'review_months', :review_months,
    'next_us', CASE problem
      WHEN 'review_soon' THEN review_us
      WHEN 'unapproved' THEN approved_us
      ELSE CASE WHEN problem IS NULL THEN warn_us END END) AS evidence
FROM judged
ORDER BY agency
