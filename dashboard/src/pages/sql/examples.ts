/** Queries to begin with. */
export const EXAMPLES: { name: string; sql: string }[] = [
  {
    name: "Cost and P95 latency by model",
    sql: `SELECT
  model,
  count() AS calls,
  sum(cost) AS usd,
  quantile(0.95)(latency_ms) AS p95_ms
FROM requests
WHERE start > now() - INTERVAL 7 DAY
GROUP BY model
ORDER BY usd DESC`,
  },
  {
    name: "Cost by hour and feature",
    sql: `SELECT
  toStartOfHour(start) AS hour,
  properties['feature'] AS feature,
  sum(cost) AS usd
FROM requests
WHERE start > now() - INTERVAL 2 DAY
GROUP BY hour, feature
ORDER BY hour`,
  },
  {
    name: "Errors, the most frequent first",
    sql: `SELECT
  error,
  provider,
  status,
  count() AS calls,
  uniq(user) AS users,
  max(start) AS last
FROM requests
WHERE failed
GROUP BY error, provider, status
ORDER BY calls DESC`,
  },
  {
    name: "What the cache saved, by day",
    sql: `SELECT
  toDate(start) AS day,
  countIf(cached) AS hits,
  sum(saved) AS usd_saved
FROM requests
GROUP BY day
ORDER BY day`,
  },
  {
    name: "Sessions that cost most",
    sql: `SELECT
  session_id,
  users,
  calls,
  errors,
  cost
FROM sessions
ORDER BY cost DESC
LIMIT 20`,
  },
  {
    name: "Share of each user in the cost of a day",
    sql: `WITH daily AS (
  SELECT toDate(start) AS day, user, sum(cost) AS usd
  FROM requests
  GROUP BY day, user
)
SELECT
  day,
  user,
  usd,
  round(usd / sum(usd) OVER (PARTITION BY day), 3) AS share
FROM daily
ORDER BY day, share DESC`,
  },
];
