SELECT count() AS updates, countIf(NOT is_done) AS open, max(if(is_done, '', latest_fail_reason)) AS reason
FROM system.mutations
WHERE database = currentDatabase()
  AND table = 'requests'
  AND position(command, {token:String}) > 0
