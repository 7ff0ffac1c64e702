SELECT min(org) AS next_org
FROM requests
WHERE org > {org:String}
