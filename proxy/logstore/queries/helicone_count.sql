SELECT count() AS calls
FROM requests
WHERE org = {org:String}
  AND (/* filter */)
