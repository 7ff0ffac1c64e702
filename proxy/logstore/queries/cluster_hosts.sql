SELECT count()
FROM system.clusters
WHERE cluster = {cluster:String}
