KILL QUERY WHERE Settings['log_comment'] = {id:String}
