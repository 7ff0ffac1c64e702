SELECT count()
FROM requests
WHERE org = {org:String}
  /* filters */
