SELECT formatQuerySingleLine({sql:String}) AS sql
