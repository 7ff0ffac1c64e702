-- By the comment, not by query_id: chDB makes that itself.
KILL QUERY WHERE startsWith(Settings['log_comment'], {id:String})
